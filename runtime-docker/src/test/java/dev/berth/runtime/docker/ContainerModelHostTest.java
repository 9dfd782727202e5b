package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.berth.hosting.runtime.ModelHost.LoadException;
import dev.berth.hosting.runtime.ModelHost.Refusal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What containers answer to the management API, and what becomes of it. */
class ContainerModelHostTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Queue<Answer> answers = new ArrayDeque<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private long usedBytes = 300;
  @TempDir Path folder;
  private HttpServer server;
  private ContainerModelHost host;

  private record Answer(int status, String body) {}

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    server.createContext(
        "/models",
        exchange -> {
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          Answer answer = answers.remove();
          byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(answer.status(), body.length);
          try (exchange) {
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
    host =
        new ContainerModelHost(
            http,
            server.getAddress(),
            new ModelFolder(folder.resolve("seen")),
            new ModelMemory(1000, () -> usedBytes, Runnable::run));
    Files.createDirectories(folder.resolve("staged"));
    Files.writeString(folder.resolve("staged/model.txt"), "a model");
  }

  @AfterEach
  void end() {
    server.stop(0);
    http.close();
  }

  private void answer(int status, String body) {
    answers.add(new Answer(status, body));
  }

  private void load(String id, long bytes) throws LoadException, InterruptedException {
    var _ = host.load(id, folder.resolve("staged"), bytes, MINUTE);
  }

  @Test
  void a_model_that_is_loaded_already_is_well() throws Exception {
    answer(409, "{\"message\":\"Model a is already registered.\"}");
    answer(200, "{\"modelName\":\"a\",\"workers\":[{\"status\":\"READY\"}]}");
    load("a", 10);
    answer(409, "");
    answer(200, "{\"modelName\":\"b\"}");
    load("b", 10);
    assertThat(asked)
        .containsExactly("POST /models", "GET /models/a", "POST /models", "GET /models/b");
    assertThat(folder.resolve("seen/a/model/model.txt")).hasContent("a model");
  }

  @Test
  void a_model_that_its_server_knows_without_a_worker_is_loaded_anew() throws Exception {
    answer(409, "{\"message\":\"Model a is already registered.\"}");
    answer(200, "{\"modelName\":\"a\",\"workers\":[{\"status\":\"WORKER_ERROR\"}]}");
    answer(404, "gone by itself meanwhile");
    answer(200, "");
    load("a", 10);
    assertThat(asked)
        .containsExactly("POST /models", "GET /models/a", "DELETE /models/a", "POST /models");
  }

  @Test
  void a_model_that_would_not_fit_is_not_sent_to_its_container() throws Exception {
    answer(200, "");
    load("a", 200);
    usedBytes = 600;

    assertThatThrownBy(() -> load("b", 500))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.refusal()).isInstanceOf(Refusal.NoRoom.class));

    assertThat(asked).containsExactly("POST /models");
    answer(200, "");
    host.unload("a");
    answer(200, "");
    load("b", 500);
  }

  @Test
  void what_is_not_loaded_leaves_no_files_behind() {
    answer(507, "no memory");
    assertThatThrownBy(() -> load("a", 10))
        .isInstanceOfSatisfying(
            LoadException.class,
            e -> assertThat(e.refusal()).isEqualTo(new Refusal.NoRoom("no memory")));
    assertThat(folder.resolve("seen/a")).doesNotExist();
  }
}
