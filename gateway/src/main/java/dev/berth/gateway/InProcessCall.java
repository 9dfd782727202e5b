package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request to a model in this JVM: its body is collected, then the model runs on the event loop
 * or on a worker. Used on the exchange's event loop, where its listener is called too.
 */
final class InProcessCall {
  private static final Logger log = LoggerFactory.getLogger(InProcessCall.class);

  /** Hears the outcome: one of the first two, or neither when the call is cancelled before. */
  interface Listener {
    /**
     * The model gave a 2xx.
     *
     * @throws IllegalArgumentException if its head can't be sent; {@link #failed} is called then
     */
    void answered(ModelResponse response);

    /** There is no prediction. */
    void failed(InvocationFailure failure);

    /** The model has returned, or won't run: it is not used any more. Once, on any thread. */
    void released();
  }

  private final Gateway gateway;
  private final Exchange exchange;
  private final Routed routed;
  private final InProcessModel model;
  private final HopRequest head;
  private final Listener listener;
  private final Payload payload;
  private final Runnable work = this::work;
  private boolean isHandedOver;
  private boolean isOver;
  private volatile boolean isAbandoned;
  private @Nullable ScheduledFuture<?> timeout;

  InProcessCall(
      Gateway gateway,
      Exchange exchange,
      Routed routed,
      InProcessModel model,
      HopRequest head,
      Listener listener) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.routed = routed;
    this.model = model;
    this.head = head;
    this.listener = listener;
    this.payload = new Payload(exchange.alloc(), head.length(), gateway.collectedBytes());
  }

  /** Adds a piece of the body and takes it over. */
  void send(ByteBuf piece) {
    if (isHandedOver) {
      piece.release();
    } else if (!payload.add(piece)) {
      giveUp();
      fail(gateway.memoryUsedUp());
    }
  }

  /** Bytes collected so far. */
  int size() {
    return payload.size();
  }

  /** Runs the model; the listener may be called before this returns. */
  void sendEnd() {
    if (isHandedOver) {
      return;
    }
    isHandedOver = true;
    if (model.isQuick(payload.size())) {
      answer(invoke());
    } else {
      handOver();
    }
  }

  /** Ends the call without telling; a model that runs is not stopped, but nobody waits for it. */
  void cancel() {
    isOver = true;
    stopTimeout();
    abandon();
    if (!isHandedOver) {
      giveUp();
    }
  }

  /** Lets no worker begin with it any more. */
  private void abandon() {
    isAbandoned = true;
    if (isHandedOver && gateway.workers().remove(work)) {
      release();
    }
  }

  private void giveUp() {
    isHandedOver = true;
    release();
  }

  private void release() {
    payload.release();
    listener.released();
  }

  private void handOver() {
    if (gateway.workers().expectedWaitNanos() > gateway.config().invocationTimeout().toNanos()) {
      release();
      fail(gateway.workersTooSlow());
      return;
    }
    try {
      gateway.workers().execute(work);
    } catch (RejectedExecutionException _) {
      release();
      fail(gateway.workersBusy());
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
    abandon();
    fail(InvocationFailure.ModelError.timedOut(routed.endpoint(), routed.container()));
  }

  /** On a worker thread. */
  private void work() {
    if (isAbandoned) {
      release();
      return;
    }
    long begin = System.nanoTime();
    ModelResponse response = invoke();
    gateway.workers().ran(System.nanoTime() - begin);
    try {
      exchange.eventLoop().execute(() -> finish(response));
    } catch (RejectedExecutionException e) {
      log.debug("request {} ended after the server had closed", exchange.requestId(), e);
    }
  }

  private void finish(ModelResponse response) {
    stopTimeout();
    answer(response);
  }

  private void stopTimeout() {
    ScheduledFuture<?> running = timeout;
    if (running != null) {
      running.cancel(false);
    }
  }

  /** Returns the model's answer; what escapes from it counts as its server error. */
  private ModelResponse invoke() {
    ByteBuffer body = payload.whole();
    var request =
        new ModelRequest(head.contentType(), head.accept(), head.customAttributes(), body);
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
      fail(routed.modelError(status, StandardCharsets.UTF_8.decode(response.body()).toString()));
    } else if (!isOver) {
      isOver = true;
      tell(response);
    }
  }

  private void tell(ModelResponse response) {
    try {
      listener.answered(response);
    } catch (IllegalArgumentException e) {
      log.error("request {}: the model's answer has a bad header", exchange.requestId(), e);
      listener.failed(routed.modelError(500, "Internal Server Error: " + e.getMessage()));
    }
  }

  private void fail(InvocationFailure failure) {
    if (!isOver) {
      isOver = true;
      listener.failed(failure);
    }
  }
}
