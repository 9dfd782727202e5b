package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.hosting.multimodel.LoadFailure;
import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.Target;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One invocation of a model that isn't in memory: the client's body waits, mostly in its socket,
 * until the model is there, and then goes the way of every other. One that waited too long is told
 * so, and the load goes on. A container that no longer has a model, as after a crash of its server,
 * is given it once more, and what has come of the request, if that is little. One that lacks memory
 * to invoke a model (status 507) loses others, and gets the request again. What has reached a
 * container that then broke off its connection is sent to no other.
 */
final class ModelInvocation
    implements RequestListener, ModelCache.Waiter, ContainerInvocation.LossListener {
  private final Gateway gateway;
  private final Exchange exchange;
  private final VariantRoute variant;
  private final Routed routed;
  private final ModelCache models;
  private final String name;
  private final Payload held;
  private final Replay replay;
  private final ModelRecovery recovery;
  private final long begunNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> timeout;
  private @Nullable HttpHeaders trailers;
  private @Nullable RequestListener next;
  private boolean isOver;
  private boolean isAnotherTry;
  private int tries;
  private boolean isBetweenTries;
  private @Nullable LoadedModel invoked;

  private ModelInvocation(
      Gateway gateway, Exchange exchange, VariantRoute variant, Routed routed, ModelCache models) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.variant = variant;
    this.routed = routed;
    this.models = models;
    this.name = name(exchange);
    this.held =
        new Payload(
            exchange.alloc(),
            HttpUtil.getContentLength(exchange.request(), -1L),
            gateway.collectedBytes());
    this.replay = new Replay(gateway.collectedBytes());
    this.recovery = new ModelRecovery(models, exchange);
  }

  /** Begins with the model where it is in memory, else as soon as it is. */
  static RequestListener begin(
      Gateway gateway, Exchange exchange, VariantRoute variant, Routed routed) {
    ModelCache models = Objects.requireNonNull(routed.instance().models());
    LoadedModel model = models.find(name(exchange));
    if (model != null && model.target() instanceof Target.InProcess) {
      return gateway.begin(exchange, variant, routed.with(model), model.target());
    }
    var invocation = new ModelInvocation(gateway, exchange, variant, routed, models);
    if (model == null) {
      invocation.await();
    } else {
      RequestListener _ = invocation.go(model);
    }
    return invocation;
  }

  /** Returns null when the container has too much to do already, and the client was told so. */
  private @Nullable RequestListener invoke(LoadedModel model) {
    Routed holding = routed.with(model);
    if (!(model.target() instanceof Target.Http http)) {
      replay.release(); // what is in this JVM isn't lost
      return gateway.begin(exchange, variant, holding, model.target());
    }
    Admission admission = gateway.admission();
    if (!admission.takes(
        routed.instance(), 0, model, gateway.config().invocationTimeout().toNanos())) {
      held.release();
      replay.release();
      holding.end();
      gateway.fail(
          exchange, admission.shed(routed.endpoint(), variant, routed.instance(), 0, model.load()));
      return null;
    }
    invoked = model;
    model.load().begin(System.nanoTime());
    return ContainerInvocation.begin(gateway, exchange, variant, holding, http, this);
  }

  private long leftNanos() {
    return gateway.config().invocationTimeout().toNanos() - (System.nanoTime() - begunNanos);
  }

  private static String name(Exchange exchange) {
    return ModelPrefix.normalized(
        Objects.requireNonNull(exchange.request().headers().get(SageMakerHeaders.TARGET_MODEL)));
  }

  private void await() {
    timeout = exchange.eventLoop().schedule(this::waitedTooLong, leftNanos(), TimeUnit.NANOSECONDS);
    models.load(name, this);
  }

  // From the cache, on any thread

  @Override
  public void ready(LoadedModel model) {
    try {
      exchange.eventLoop().execute(() -> resume(model));
    } catch (RejectedExecutionException _) {
      model.release(); // the server has closed
    }
  }

  @Override
  public void failed(LoadFailure failure) {
    try {
      exchange.eventLoop().execute(() -> giveUp(LoadFailures.answer(failure, routed, name)));
    } catch (RejectedExecutionException _) {
      // the server has closed
    }
  }

  // On the event loop

  private void resume(LoadedModel model) {
    if (isOver) {
      model.release();
      return;
    }
    stopWaiting();
    RequestListener listener = go(model);
    if (listener == null) {
      return;
    }
    ByteBuf again = isAnotherTry ? replay.body() : null;
    if (again != null) {
      listener.received(again);
    }
    ByteBuf body = held.take();
    if (body != null) {
      replay.add(body);
      listener.received(body);
    }
    HttpHeaders end = trailers;
    if (end != null) {
      listener.ended(end);
    } else {
      exchange.resumeBody();
    }
  }

  /** Begins a try; returns null when it has ended already. */
  private @Nullable RequestListener go(LoadedModel model) {
    isOver = true;
    int before = tries;
    RequestListener begun = invoke(model);
    next = tries == before ? begun : null;
    return next;
  }

  private void waitedTooLong() {
    giveUp(LoadFailures.waitedTooLong(name));
  }

  private void giveUp(InvocationFailure failure) {
    if (!isOver) {
      end();
      gateway.fail(exchange, failure);
    }
  }

  private void end() {
    isOver = true;
    stopWaiting();
    held.release();
    replay.release();
    routed.end();
  }

  // A container without the model, or without memory for it

  @Override
  public void brokenOff(Routed to) {
    LoadedModel model = to.model();
    if (model != null) {
      recovery.brokenOff(model);
    }
  }

  @Override
  public boolean isTakenOver(Routed to, InvocationFailure.ModelError failure) {
    LoadedModel model = to.model();
    if (model == null) {
      return false;
    }
    boolean isRepeatable = replay.isWhole() && leftNanos() > 0;
    Duration patience = isRepeatable ? Duration.ofNanos(leftNanos()) : Duration.ZERO;
    if (!recovery.begin(
        model, failure.originalStatus(), patience, isWorthIt -> tried(isWorthIt, failure))) {
      return false;
    }
    tries++;
    isAnotherTry = true;
    isBetweenTries = true;
    isOver = false;
    next = null;
    routed.instance().begin();
    return true;
  }

  @Override
  public void over() {
    LoadedModel model = invoked;
    if (model != null) {
      invoked = null;
      model.load().end(System.nanoTime());
    }
    if (isBetweenTries) {
      isBetweenTries = false;
    } else {
      replay.release();
    }
  }

  private void tried(boolean isWorthIt, InvocationFailure failure) {
    if (!isWorthIt) {
      giveUp(failure);
    } else if (!isOver) {
      await();
    }
  }

  private void stopWaiting() {
    ScheduledFuture<?> running = timeout;
    if (running != null) {
      running.cancel(false);
    }
    models.waited(System.nanoTime() - begunNanos);
  }

  // From the client

  @Override
  public void received(ByteBuf piece) {
    RequestListener listener = next;
    if (listener != null) {
      replay.add(piece);
      listener.received(piece);
    } else if (isOver) {
      piece.release();
    } else if (!held.add(piece)) {
      giveUp(gateway.memoryUsedUp());
    } else if (held.size() > gateway.config().maxPayloadBytes()) {
      giveUp(gateway.payloadTooLarge());
    } else {
      exchange.pauseBody();
    }
  }

  @Override
  public void ended(HttpHeaders end) {
    RequestListener listener = next;
    trailers = end;
    if (listener != null) {
      listener.ended(end);
    }
  }

  @Override
  public void aborted() {
    RequestListener listener = next;
    if (listener != null) {
      listener.aborted();
    } else if (!isOver) {
      end();
    }
  }

  @Override
  public void clientWritable(boolean isWritable) {
    RequestListener listener = next;
    if (listener != null) {
      listener.clientWritable(isWritable);
    }
  }
}
