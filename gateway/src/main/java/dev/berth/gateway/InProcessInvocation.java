package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One invocation of a model in this JVM. The instance counts as busy until the model has returned,
 * also when the client has long been told that it took too long: only then may it be unloaded.
 */
final class InProcessInvocation implements RequestListener {
  private static final Logger log = LoggerFactory.getLogger(InProcessInvocation.class);

  private final Gateway gateway;
  private final Exchange exchange;
  private final Routed routed;
  private final InProcessModel model;
  private final Payload payload;
  private boolean isHandedOver;
  private volatile boolean isAbandoned;
  private @Nullable ScheduledFuture<?> timeout;

  InProcessInvocation(Gateway gateway, Exchange exchange, Routed routed, InProcessModel model) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.routed = routed;
    this.model = model;
    this.payload =
        new Payload(
            exchange.alloc(),
            HttpUtil.getContentLength(exchange.request(), -1L),
            gateway.collectedBytes());
  }

  @Override
  public void received(ByteBuf piece) {
    if (isHandedOver) {
      piece.release();
      return;
    }
    if (!payload.add(piece)) {
      giveUp();
      gateway.fail(exchange, gateway.memoryUsedUp());
    } else if (payload.size() > gateway.config().maxPayloadBytes()) {
      giveUp();
      gateway.fail(exchange, gateway.payloadTooLarge());
    }
  }

  @Override
  public void ended(HttpHeaders trailers) {
    if (isHandedOver) {
      return;
    }
    isHandedOver = true;
    if (model.isQuick(payload.size())) {
      ModelResponse response = invoke();
      answer(response);
    } else {
      handOver();
    }
  }

  @Override
  public void aborted() {
    isAbandoned = true;
    stopTimeout();
    if (!isHandedOver) {
      giveUp();
    }
  }

  private void giveUp() {
    isHandedOver = true;
    release();
  }

  private void release() {
    payload.release();
    routed.instance().end();
  }

  private void handOver() {
    try {
      gateway.workers().execute(this::work);
    } catch (RejectedExecutionException _) {
      release();
      gateway.fail(exchange, gateway.workersBusy());
      return;
    }
    timeout =
        exchange
            .eventLoop()
            .schedule(
                this::timedOut,
                gateway.config().invocationTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void timedOut() {
    isAbandoned = true;
    gateway.fail(
        exchange, InvocationFailure.ModelError.timedOut(routed.endpoint(), routed.container()));
  }

  /** On a worker thread. */
  private void work() {
    if (isAbandoned) {
      release();
      return;
    }
    ModelResponse response = invoke();
    try {
      exchange.eventLoop().execute(() -> finish(response));
    } catch (RejectedExecutionException e) {
      log.debug("request {} ended after the server had closed", exchange.requestId(), e);
    }
  }

  private void finish(ModelResponse response) {
    stopTimeout();
    try {
      answer(response);
    } catch (IllegalArgumentException e) {
      log.error("request {}: the model's answer has a bad header", exchange.requestId(), e);
      gateway.fail(exchange, routed.modelError(500, "Internal Server Error: " + e.getMessage()));
    }
  }

  private void stopTimeout() {
    ScheduledFuture<?> running = timeout;
    if (running != null) {
      running.cancel(false);
    }
  }

  /** Returns the model's answer; what escapes from it counts as its server error. */
  private ModelResponse invoke() {
    HttpHeaders headers = exchange.request().headers();
    var request =
        new ModelRequest(
            headers.get(HttpHeaderNames.CONTENT_TYPE),
            headers.get(HttpHeaderNames.ACCEPT),
            headers.get(SageMakerHeaders.CUSTOM_ATTRIBUTES),
            payload.whole());
    try {
      return Objects.requireNonNull(model.invoke(request), "the model returned no answer");
    } catch (RuntimeException | LinkageError | StackOverflowError | OutOfMemoryError e) {
      log.error(
          "request {}: the model of endpoint {}, variant {} failed",
          exchange.requestId(),
          routed.endpoint(),
          routed.variant(),
          e);
      return ModelResponse.text(500, "Internal Server Error: " + e);
    } finally {
      release();
    }
  }

  private void answer(ModelResponse response) {
    int status = response.status();
    if (status < 200 || status > 299) {
      String message = StandardCharsets.UTF_8.decode(response.body()).toString();
      gateway.fail(exchange, routed.modelError(status, message));
      return;
    }
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    String contentType = response.contentType();
    if (contentType != null) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    }
    headers.set(SageMakerHeaders.INVOKED_VARIANT, routed.variant());
    exchange.answer(HttpResponseStatus.OK, headers, Unpooled.wrappedBuffer(response.body()));
  }
}
