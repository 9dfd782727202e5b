package dev.berth.runtime.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The management API of a multi-model container (Developer Guide, "Custom Containers Contract for
 * Multi-Model Endpoints"). Every call may be made again: a model that is loaded already answers
 * 409, one that isn't 404, and both are well.
 */
final class ContainerModelHost implements ModelHost {
  private static final Logger log = LoggerFactory.getLogger(ContainerModelHost.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int INSUFFICIENT_STORAGE = 507;

  /** To end a model's processes may take a while. */
  private static final Duration UNLOAD_TIMEOUT = Duration.ofSeconds(60);

  private static final Duration LIST_TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_PAGES = 1000;

  /** It does the work, on processors and in memory of its own. */
  private static final int CONCURRENT_LOADS = 16;

  private final HttpClient http;
  private final InetSocketAddress address;
  private final ModelFolder folder;
  private final ModelMemory memory;

  ContainerModelHost(
      HttpClient http, InetSocketAddress address, ModelFolder folder, ModelMemory memory) {
    this.http = http;
    this.address = address;
    this.folder = folder;
    this.memory = memory;
  }

  /** Only the container knows: it answers 507 when it is full. */
  @Override
  public long memoryBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public int concurrentLoads() {
    return CONCURRENT_LOADS;
  }

  @Override
  public Loaded load(String id, Path directory, long fileBytes, Duration timeout)
      throws LoadException, InterruptedException {
    if (!memory.take(id, fileBytes)) {
      throw new LoadException(new Refusal.NoRoom(memory.words(fileBytes)));
    }
    try {
      folder.add(id, directory);
    } catch (IOException e) {
      memory.give(id);
      throw new LoadException(
          new Refusal.Rejected(500, "its files can't be given to the container: %s".formatted(e)));
    }
    boolean isLoaded = false;
    try {
      HttpResponse<String> answer = post(id, timeout);
      if (answer.statusCode() == CONFLICT && !hasWorker(id)) {
        // Multi Model Server still has one that it could not load, if it is asked again at once.
        send(request("/models/" + id, UNLOAD_TIMEOUT).DELETE());
        answer = post(id, timeout);
      }
      if (!isSuccess(answer) && answer.statusCode() != CONFLICT) {
        throw refused(answer);
      }
      isLoaded = true;
      memory.loaded(id);
      return new Loaded(new Target.Http(address, "/models/" + id + "/invoke"), 0);
    } finally {
      if (!isLoaded) {
        memory.give(id);
        removeFiles(id);
      }
    }
  }

  /** Whether a model that is said to be loaded can answer, as far as the container tells. */
  private boolean hasWorker(String id) throws LoadException, InterruptedException {
    JsonNode workers =
        tree(send(request("/models/" + id, LIST_TIMEOUT).GET()).body()).path("workers");
    return !workers.isArray()
        || workers.valueStream().anyMatch(worker -> worker.path("status").asText().equals("READY"));
  }

  private HttpResponse<String> post(String id, Duration timeout)
      throws LoadException, InterruptedException {
    String body;
    try {
      body = JSON.writeValueAsString(Map.of("model_name", id, "url", ModelFolder.inContainer(id)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
    return send(
        request("/models", timeout)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  @Override
  public void unload(String id) throws LoadException, InterruptedException {
    HttpResponse<String> answer = send(request("/models/" + id, UNLOAD_TIMEOUT).DELETE());
    if (!isSuccess(answer) && answer.statusCode() != NOT_FOUND) {
      throw refused(answer);
    }
    memory.give(id);
    removeFiles(id);
  }

  @Override
  public boolean has(String id) throws LoadException, InterruptedException {
    return send(request("/models/" + id, LIST_TIMEOUT).GET()).statusCode() != NOT_FOUND;
  }

  @Override
  public OptionalLong measuredBytes(String id) {
    return memory.growth(id);
  }

  @Override
  public Set<String> loaded() throws LoadException, InterruptedException {
    var ids = new HashSet<String>();
    String page = "";
    for (int i = 0; i < MAX_PAGES; i++) {
      HttpResponse<String> answer = send(request("/models" + page, LIST_TIMEOUT).GET());
      if (!isSuccess(answer)) {
        throw refused(answer);
      }
      JsonNode tree = tree(answer.body());
      addIds(tree, ids);
      JsonNode next = tree.path("nextPageToken");
      if (!next.isValueNode() || next.isNull() || next.asText().isEmpty()) {
        break;
      }
      page = "?next_page_token=" + URLEncoder.encode(next.asText(), StandardCharsets.UTF_8);
    }
    for (String id : ids) { // those of an earlier process
      memory.take(id, 0);
      memory.loaded(id);
    }
    return ids;
  }

  private static JsonNode tree(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException _) {
      return JSON.missingNode();
    }
  }

  /** TensorFlow Serving's container lists an object by ids, where others have an array. */
  private static void addIds(JsonNode tree, Set<String> ids) {
    JsonNode models = tree.path("models");
    if (models.isArray()) {
      models.forEach(model -> {
        if (model.hasNonNull("modelName")) {
          ids.add(model.get("modelName").asText());
        }
      });
    } else {
      tree.properties().stream()
          .filter(member -> member.getValue().isContainerNode())
          .forEach(member -> ids.add(member.getKey()));
    }
  }

  private HttpRequest.Builder request(String path, Duration timeout) {
    return HttpRequest.newBuilder(
            URI.create(
                "http://%s:%d%s".formatted(address.getHostString(), address.getPort(), path)))
        .timeout(timeout);
  }

  /** Sends it, and once more over a new connection where an old one was closed meanwhile. */
  private HttpResponse<String> send(HttpRequest.Builder builder)
      throws LoadException, InterruptedException {
    HttpRequest request = builder.build();
    try {
      return once(request);
    } catch (HttpTimeoutException e) {
      throw new LoadException(
          new Refusal.TimedOut("%s %s was not answered".formatted(request.method(), e)));
    } catch (IOException first) {
      try {
        return once(request);
      } catch (IOException e) {
        throw new LoadException(new Refusal.Gone(words(request, e)));
      }
    }
  }

  private HttpResponse<String> once(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  private static String words(HttpRequest request, IOException e) {
    return e instanceof ConnectException
        ? "its container takes no connections"
        : "its container broke off %s %s: %s".formatted(request.method(), request.uri(), e);
  }

  private static boolean isSuccess(HttpResponse<String> answer) {
    return answer.statusCode() / 100 == 2;
  }

  private static LoadException refused(HttpResponse<String> answer) {
    return new LoadException(
        answer.statusCode() == INSUFFICIENT_STORAGE
            ? new Refusal.NoRoom(answer.body())
            : new Refusal.Rejected(answer.statusCode(), answer.body()));
  }

  private void removeFiles(String id) {
    try {
      folder.remove(id);
    } catch (IOException e) {
      log.warn("files of model {} stay in {}", id, folder.root(), e);
    }
  }
}
