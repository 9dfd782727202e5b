package dev.berth.identity.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import dev.berth.identity.registry.CredentialsFunctions.Credentials;
import dev.berth.identity.registry.CredentialsFunctions.FunctionException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CredentialsFunctionsTest {
  private static final String ARN = "arn:aws:lambda:us-east-1:111122223333:function:Creds";
  private static final String GOOD =
      "{\"Credentials\": {\"Username\": \"ann\", \"Password\": \"s3cret\"}}";

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private HttpServer server;
  private volatile int status = 200;
  private volatile String answer = GOOD;
  private volatile boolean isError;
  private volatile boolean isLate;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Thread::startVirtualThread);
    server.createContext(
        "/",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          requests.add(
              "%s %s %s".formatted(exchange.getRequestMethod(), exchange.getRequestURI(), body));
          if (isLate) {
            try {
              over.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
          if (isError) {
            exchange.getResponseHeaders().add("X-Amz-Function-Error", "Unhandled");
          }
          byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    over.countDown();
    server.stop(0);
  }

  private URI url() {
    return URI.create("http://127.0.0.1:%d".formatted(server.getAddress().getPort()));
  }

  private static CredentialsFunctions functions(
      Map<String, FunctionSource> sources, Optional<URI> lambda, Duration timeout) {
    return new CredentialsFunctions(new CredentialsFunctions.Config(sources, lambda, timeout));
  }

  private CredentialsFunctions lambda() {
    return functions(Map.of(), Optional.of(url()), Duration.ofSeconds(10));
  }

  private static CredentialsFunctions command(String line, Duration timeout) {
    return functions(Map.of(ARN, FunctionSource.parse(line)), Optional.empty(), timeout);
  }

  private static String refusal(CredentialsFunctions functions) {
    return catchThrowableOfType(FunctionException.class, () -> functions.invoke(ARN)).reason();
  }

  @Test
  void a_function_is_invoked_through_lambdas_api() throws Exception {
    assertThat(lambda().invoke(ARN)).isEqualTo(new Credentials("ann", "s3cret"));
    assertThat(requests)
        .containsExactly(
            "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3ACreds/invocations {}");
  }

  @Test
  void a_mapped_function_is_its_url() throws Exception {
    var source = FunctionSource.parse(url() + "/creds");
    var functions = functions(Map.of(ARN, source), Optional.empty(), Duration.ofSeconds(10));

    assertThat(functions.invoke(ARN)).isEqualTo(new Credentials("ann", "s3cret"));
    assertThat(requests).containsExactly("POST /creds {}");
  }

  @Test
  void a_mapped_function_is_its_command() throws Exception {
    String line = "read event; test \"$event\" = '{}' && echo '%s'".formatted(GOOD);

    // without a line's end after the event, read fails but has set it
    assertThat(
            command(line.replace("; test", " || true; test"), Duration.ofSeconds(10)).invoke(ARN))
        .isEqualTo(new Credentials("ann", "s3cret"));
  }

  @Test
  void a_function_that_nobody_knows_says_where_to_name_it() {
    assertThat(refusal(functions(Map.of(), Optional.empty(), Duration.ofSeconds(1))))
        .contains("registry-credentials.functions", "registry-credentials.lambda-endpoint");
  }

  @Test
  void a_late_function_is_told_by_its_limit() {
    isLate = true;

    assertThat(refusal(functions(Map.of(), Optional.of(url()), Duration.ofMillis(200))))
        .startsWith("did not answer within 200 ms");
    assertThat(refusal(command("sleep 600", Duration.ofMillis(200))))
        .isEqualTo("did not answer within 200 ms (its command)");
  }

  @Test
  void a_functions_error_is_told_without_its_message() {
    isError = true;
    answer = "{\"errorType\": \"KeyError\", \"errorMessage\": \"s3cret\"}";

    assertThat(refusal(lambda())).isEqualTo("failed with KeyError");
  }

  @Test
  void a_failing_command_is_told_by_its_exit_code() {
    assertThat(refusal(command("echo s3cret; exit 7", Duration.ofSeconds(10))))
        .isEqualTo("failed: its command exited with code 7");
  }

  @Test
  void another_status_is_told() {
    status = 404;

    assertThat(refusal(lambda())).startsWith("was answered 404 by " + url());
  }

  @Test
  void a_malformed_answer_is_told_without_what_it_holds() {
    answer = "s3cret";
    assertThat(refusal(lambda())).contains("is not JSON").doesNotContain("s3cret");
    answer = "{\"Credentials\": {\"Username\": \"ann\", \"password\": \"s3cret\"}}";
    assertThat(refusal(lambda())).contains("Credentials.Password").doesNotContain("s3cret");
    answer = "[]";
    assertThat(refusal(lambda())).contains("Credentials.Username");
  }

  @Test
  void an_endless_answer_is_cut() {
    assertThat(refusal(command("cat /dev/zero", Duration.ofSeconds(10))))
        .contains("more than 65536 bytes");
    answer = "x".repeat(100_000);
    assertThat(refusal(lambda())).startsWith("can't be asked");
  }

  @Test
  void the_text_of_credentials_is_without_them() {
    assertThat(new Credentials("ann", "s3cret").toString()).doesNotContain("ann", "s3cret");
  }
}
