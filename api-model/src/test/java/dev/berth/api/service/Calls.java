package dev.berth.api.service;

import dev.berth.api.shape.ApiService;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.Structure;
import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Calls and answers as texts, and handlers that answer with nothing set. */
public final class Calls {
  public static final String REQUEST_ID = "3f6e0bd0-6f6b-4a37-9f3c-0f6b2c0a0001";

  private Calls() {}

  public static HttpCall json(String target, String body) {
    return call("POST", "/", Map.of("X-Amz-Target", target), body.getBytes(StandardCharsets.UTF_8));
  }

  public static HttpCall call(String method, String uri, Map<String, String> headers, byte[] body) {
    Map<String, List<String>> lists =
        headers.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> List.of(e.getValue())));
    return new HttpCall(
        REQUEST_ID, method, uri, HttpHeaders.of(lists, (_, _) -> true), ByteBuffer.wrap(body));
  }

  public static String body(HttpAnswer answer) {
    return StandardCharsets.UTF_8.decode(answer.body().duplicate()).toString();
  }

  /**
   * Returns handlers for all of {@code service}, each giving its output with every member absent.
   */
  public static Handlers.Builder emptyHandlers(ApiService service, String... except) {
    Handlers.Builder handlers = Handlers.of(service);
    for (Operation<?, ?> operation : service.executed()) {
      if (!List.of(except).contains(operation.name())) {
        empty(handlers, operation);
      }
    }
    return handlers;
  }

  private static <I extends Structure, O extends Structure> void empty(
      Handlers.Builder handlers, Operation<I, O> operation) {
    handlers.on(operation, (_, _) -> operation.output().read(Document.EMPTY));
  }
}
