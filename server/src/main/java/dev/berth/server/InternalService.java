package dev.berth.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.hosting.endpoint.EndpointView;
import dev.berth.transform.job.TransformJobView;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What is not AWS's: {@code GET /_berth/health}, {@code GET /_berth/endpoints/{name}} and {@code
 * GET /_berth/transform-jobs/{name}}, JSON.
 *
 * <p>Health answers 200 once the server takes requests. The views of an endpoint and of a transform
 * job tell what each instance is doing, and how far the job is, for progress displays.
 */
final class InternalService implements HttpService {
  private static final String ENDPOINTS = "/_berth/endpoints/";
  private static final String TRANSFORM_JOBS = "/_berth/transform-jobs/";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Object> health;
  private final Function<String, Optional<EndpointView>> views;
  private final Function<String, Optional<TransformJobView>> jobs;

  /**
   * Makes the service.
   *
   * @param health facts that the health answer carries
   * @param views gives what goes on in an endpoint
   * @param jobs gives what goes on in a transform job
   */
  InternalService(
      Map<String, Object> health,
      Function<String, Optional<EndpointView>> views,
      Function<String, Optional<TransformJobView>> jobs) {
    this.health = health;
    this.views = views;
    this.jobs = jobs;
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    if (!call.method().equals("GET") && !call.method().equals("HEAD")) {
      return json(405, Map.of("message", "only GET"));
    }
    String path = call.path();
    if (path.equals("/_berth/health")) {
      return json(200, health);
    }
    if (path.startsWith(ENDPOINTS)) {
      return view(path.substring(ENDPOINTS.length()), "endpoint", views);
    }
    if (path.startsWith(TRANSFORM_JOBS)) {
      return view(path.substring(TRANSFORM_JOBS.length()), "transform job", jobs);
    }
    return json(404, Map.of("message", "nothing at " + path));
  }

  private static <T> HttpAnswer view(
      String encodedName, String what, Function<String, Optional<T>> views) {
    String name = URLDecoder.decode(encodedName, StandardCharsets.UTF_8);
    return views
        .apply(name)
        .map(view -> json(200, view))
        .orElseGet(() -> json(404, Map.of("message", "no %s \"%s\"".formatted(what, name))));
  }

  private static HttpAnswer json(int status, Object body) {
    try {
      return new HttpAnswer(
          status,
          Map.of("Content-Type", "application/json"),
          ByteBuffer.wrap(JSON.writeValueAsBytes(body)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("answer can't be written", e);
    }
  }
}
