package dev.berth.api.query;

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
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A service in the AWS Query protocol: a form in a POST's body or a GET's query, whose {@code
 * Action} names the operation; the answer is XML. Thread-safe.
 */
public final class QueryService implements HttpService {
  private static final Logger LOG = LoggerFactory.getLogger(QueryService.class);

  private final Handlers handlers;
  private final Function<HttpCall, CallContext> contexts;

  /**
   * @param handlers the service and what executes it
   * @param contexts who calls and where, such as {@link dev.berth.api.service.SignedScope}
   */
  public QueryService(Handlers handlers, Function<HttpCall, CallContext> contexts) {
    this.handlers = handlers;
    this.contexts = contexts;
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    try {
      Form form = Form.of(call);
      BoundOperation<?, ?> operation = operation(form);
      Document input = form.read(operation.input());
      Document output = operation.execute(input, contexts.apply(call), "ValidationError");
      return xml(200, success(operation, output, call.requestId()));
    } catch (AwsException e) {
      return xml(e.status(), failure(e, call.requestId()));
    } catch (Exception e) {
      LOG.error("request {} failed", call.requestId(), e);
      AwsException failure = AwsException.internalFailure(call.requestId());
      return xml(failure.status(), failure(failure, call.requestId()));
    }
  }

  private BoundOperation<?, ?> operation(Form form) {
    String action =
        form.value("Action")
            .orElseThrow(() ->
                new AwsException(
                    "MissingAction", 400, "The request names no operation: Action is missing."));
    String version = form.value("Version").orElse(handlers.service().version());
    return (version.equals(handlers.service().version())
            ? handlers.find(action)
            : Optional.<BoundOperation<?, ?>>empty())
        .orElseThrow(() ->
            new AwsException(
                "InvalidAction",
                400,
                "Could not find operation %s for version %s".formatted(action, version)));
  }

  private Xml success(BoundOperation<?, ?> operation, Document output, String requestId) {
    return new Xml()
        .open(operation.name() + "Response", handlers.service().xmlNamespace())
        .open(operation.name() + "Result")
        .members(output)
        .close()
        .open("ResponseMetadata")
        .text("RequestId", requestId)
        .close()
        .close();
  }

  private Xml failure(AwsException e, String requestId) {
    return new Xml()
        .open("ErrorResponse", handlers.service().xmlNamespace())
        .open("Error")
        .text("Type", e.status() < 500 ? "Sender" : "Receiver")
        .text("Code", e.code())
        .text("Message", e.text())
        .close()
        .text("RequestId", requestId)
        .close();
  }

  private static HttpAnswer xml(int status, Xml xml) {
    return new HttpAnswer(
        status,
        Map.of("Content-Type", "text/xml"),
        ByteBuffer.wrap(xml.toString().getBytes(StandardCharsets.UTF_8)));
  }
}
