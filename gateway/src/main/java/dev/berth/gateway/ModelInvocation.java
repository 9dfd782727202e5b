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
 * is given it once more, and the request, if that was small. One that lacks memory to invoke a
 * model (status 507) loses others, and gets the request again.
 */
final class ModelInvocation
    implements RequestListener, ModelCache.Waiter, ContainerInvocation.LossListener {
  /** Most models that one request drives out of memory. */
  private static final int MAX_EVICTIONS = 4;

  private static final int INSUFFICIENT_STORAGE = 507;

  private final Gateway gateway;
  private final Exchange exchange;
  private final VariantRoute variant;
  private final Routed routed;
  private final ModelCache models;
  private final String name;
  private final Payload held;
  private final Replay replay;
  private final long begunNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> timeout;
  private @Nullable HttpHeaders trailers;
  private @Nullable RequestListener next;
  private boolean isOver;
  private boolean isAnotherTry;
  private boolean wasLookedFor;
  private int evictions;
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
      invocation.isOver = true;
      invocation.next = invocation.invoke(model);
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
    isOver = true;
    stopWaiting();
    RequestListener listener = invoke(model);
    next = listener;
    if (listener == null) {
      return;
    }
    ByteBuf body = isAnotherTry ? replay.body() : held.take();
    if (body != null && !isAnotherTry) {
      replay.add(body);
    }
    if (body != null) {
      listener.received(body);
    }
    HttpHeaders end = trailers;
    if (end != null) {
      listener.ended(end);
    } else {
      exchange.resumeBody();
    }
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
  public boolean isTakenOver(Routed to, InvocationFailure.ModelError failure) {
    LoadedModel model = to.model();
    if (model == null) {
      return false;
    }
    long left = leftNanos();
    boolean isRepeatable = trailers != null && replay.isWhole() && left > 0;
    if (failure.originalStatus() == INSUFFICIENT_STORAGE) {
      if (evictions++ >= MAX_EVICTIONS) {
        return false;
      }
      // Who can't be helped makes room for those after it.
      Duration patience = isRepeatable ? Duration.ofNanos(left) : Duration.ZERO;
      models.makeRoom(model, patience, isMade -> tried(isRepeatable, isMade, failure));
    } else {
      if (wasLookedFor) {
        return false;
      }
      wasLookedFor = true;
      // Where it is still there, the failure was the model's own answer.
      models.check(model, isThere -> tried(isRepeatable, !isThere, failure));
    }
    if (isRepeatable) {
      isAnotherTry = true;
      isBetweenTries = true;
      isOver = false;
      next = null;
      routed.instance().begin();
    }
    return isRepeatable;
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

  /** On any thread. */
  private void tried(boolean isRepeatable, boolean isWorthIt, InvocationFailure failure) {
    if (!isRepeatable) {
      return; // it was answered
    }
    try {
      exchange
          .eventLoop()
          .execute(() -> {
            if (!isWorthIt) {
              giveUp(failure);
            } else if (!isOver) {
              await();
            }
          });
    } catch (RejectedExecutionException _) {
      // the server has closed
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
