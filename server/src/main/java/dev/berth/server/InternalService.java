package dev.berth.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.hosting.endpoint.EndpointView;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What is not AWS's: {@code GET /_berth/health} and {@code GET /_berth/endpoints/{name}}, JSON.
 *
 * <p>Health answers 200 once the server takes requests. The endpoint's view tells what each
 * instance is doing, for progress displays.
 */
final class InternalService implements HttpService {
  private static final String ENDPOINTS = "/_berth/endpoints/";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Object> health;
  private final Function<String, Optional<EndpointView>> views;

  /**
   * Makes the service.
   *
   * @param health facts that the health answer carries
   * @param views gives what goes on in an endpoint
   */
  InternalService(Map<String, Object> health, Function<String, Optional<EndpointView>> views) {
    this.health = health;
    this.views = views;
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
      String name = URLDecoder.decode(path.substring(ENDPOINTS.length()), StandardCharsets.UTF_8);
      return views
          .apply(name)
          .map(view -> json(200, view))
          .orElseGet(() -> json(404, Map.of("message", "no endpoint \"" + name + "\"")));
    }
    return json(404, Map.of("message", "nothing at " + path));
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
