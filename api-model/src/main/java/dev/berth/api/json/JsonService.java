package dev.berth.api.json;

import dev.berth.api.error.AwsException;
import dev.berth.api.service.BoundOperation;
import dev.berth.api.service.CallContext;
import dev.berth.api.service.Handlers;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.api.shape.Document;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A service in the AWS JSON 1.1 protocol: {@code X-Amz-Target} names the operation, the body is its
 * input. Thread-safe.
 */
public final class JsonService implements HttpService {
  private static final Logger LOG = LoggerFactory.getLogger(JsonService.class);
  private static final String CONTENT_TYPE = "application/x-amz-json-1.1";

  private final Handlers handlers;
  private final Function<HttpCall, CallContext> contexts;

  /**
   * @param handlers the service and what executes it
   * @param contexts who calls and where, such as {@link dev.berth.api.service.SignedScope}
   */
  public JsonService(Handlers handlers, Function<HttpCall, CallContext> contexts) {
    this.handlers = handlers;
    this.contexts = contexts;
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    try {
      BoundOperation<?, ?> operation = operation(call);
      Document input = ApiJson.parse(call.body(), operation.input());
      Document output = operation.execute(input, contexts.apply(call), "ValidationException");
      return operation.hasOutput() ? ok(ApiJson.write(output)) : ok("");
    } catch (AwsException e) {
      return error(e);
    } catch (Exception e) {
      LOG.error("request {} failed: {}", call.requestId(), call.header("X-Amz-Target"), e);
      return error(AwsException.internalFailure(call.requestId()));
    }
  }

  private BoundOperation<?, ?> operation(HttpCall call) {
    String target = call.header("X-Amz-Target");
    String prefix = handlers.service().targetPrefix() + ".";
    if (!call.method().equals("POST") || !target.startsWith(prefix)) {
      throw unknownOperation();
    }
    return handlers
        .find(target.substring(prefix.length()))
        .orElseThrow(JsonService::unknownOperation);
  }

  private static AwsException unknownOperation() {
    return new AwsException("UnknownOperationException", 400, "");
  }

  private static HttpAnswer ok(String body) {
    return answer(200, new LinkedHashMap<>(), body);
  }

  /** Errors of the model have a member {@code Message}, all others say {@code message}. */
  private HttpAnswer error(AwsException e) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("__type", e.code());
    if (!e.text().isEmpty()) {
      members.put(handlers.service().errors().contains(e.code()) ? "Message" : "message", e.text());
    }
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("x-amzn-ErrorType", e.code());
    return answer(e.status(), headers, ApiJson.write(new Document(members)));
  }

  private static HttpAnswer answer(int status, Map<String, String> headers, String body) {
    headers.put("Content-Type", CONTENT_TYPE);
    return new HttpAnswer(status, headers, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)));
  }
}
