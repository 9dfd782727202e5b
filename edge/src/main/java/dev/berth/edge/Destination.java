package dev.berth.edge;

import dev.berth.api.service.HttpService;
import dev.berth.edge.backend.BackendFailure;
import dev.berth.edge.backend.BackendLimits;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/** How a service takes its requests. */
public sealed interface Destination {

  /** How the edge writes the errors that it answers in the service's place. */
  ErrorForm errors();

  /**
   * The body is collected, then the service answers on a virtual thread.
   *
   * @param maxBodyBytes longest body; a longer one is answered 413
   */
  record Whole(HttpService service, int maxBodyBytes, ErrorForm errors) implements Destination {}

  /** The service gets the request on the event loop, piece by piece. */
  record Streaming(StreamService service, ErrorForm errors) implements Destination {}

  /**
   * Request and answer are passed on to another HTTP server and back.
   *
   * @param origin asked once for each request; a stage that fails becomes 503
   * @param failures what the client reads when the origin fails
   */
  record Proxy(
      Supplier<CompletionStage<InetSocketAddress>> origin,
      BackendLimits limits,
      Function<BackendFailure, WireError> failures,
      ErrorForm errors)
      implements Destination {

    /** A proxy whose failures are 502 (no connection, broken) and 504 (too slow). */
    public Proxy(
        Supplier<CompletionStage<InetSocketAddress>> origin,
        BackendLimits limits,
        ErrorForm errors) {
      this(origin, limits, Proxy::gatewayError, errors);
    }

    private static WireError gatewayError(BackendFailure failure) {
      return switch (failure) {
        case BackendFailure.Unreachable _, BackendFailure.Closed _, BackendFailure.BadAnswer _ ->
            new WireError(502, "BadGateway", failure.message());
        case BackendFailure.ConnectTimeout _,
            BackendFailure.FirstByteTimeout _,
            BackendFailure.IdleTimeout _ ->
            new WireError(504, "GatewayTimeout", failure.message());
      };
    }
  }

  /** Nobody takes it. */
  record Refusal(WireError error, ErrorForm errors) implements Destination {}
}
