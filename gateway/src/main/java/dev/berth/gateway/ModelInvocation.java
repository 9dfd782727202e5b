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
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One invocation of a model that isn't in memory: the client's body waits, mostly in its socket,
 * until the model is there, and then goes the way of every other. One that waited too long is told
 * so, and the load goes on. A container that no longer has a model, as after a crash of its server,
 * is given it once more, and the request, if that was small.
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
  private final long begunNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> timeout;
  private @Nullable HttpHeaders trailers;
  private @Nullable RequestListener next;
  private boolean isOver;
  private boolean isSecondTry;
  private boolean isBetweenTries;

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

  private RequestListener invoke(LoadedModel model) {
    Routed holding = routed.with(model);
    if (model.target() instanceof Target.InProcess) {
      replay.release(); // what is in this JVM isn't lost
    }
    return model.target() instanceof Target.Http http
        ? ContainerInvocation.begin(gateway, exchange, variant, holding, http, this)
        : gateway.begin(exchange, variant, holding, model.target());
  }

  private static String name(Exchange exchange) {
    return ModelPrefix.normalized(
        Objects.requireNonNull(exchange.request().headers().get(SageMakerHeaders.TARGET_MODEL)));
  }

  private void await() {
    timeout =
        exchange
            .eventLoop()
            .schedule(
                this::waitedTooLong,
                gateway.config().invocationTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
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
      exchange.eventLoop().execute(() -> giveUp(answer(failure)));
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
    ByteBuf body = isSecondTry ? replay.body() : held.take();
    if (body != null && !isSecondTry) {
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
    giveUp(
        new InvocationFailure.ModelNotReady(
            "Model "
                + name
                + " is not ready for inference yet: it is still being loaded. Try again in a"
                + " moment."));
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

  // A container without the model

  @Override
  public boolean isTakenOver(Routed to, InvocationFailure failure) {
    LoadedModel model = to.model();
    if (isSecondTry || model == null || trailers == null || !replay.isWhole()) {
      return false;
    }
    isSecondTry = true;
    isBetweenTries = true;
    isOver = false;
    next = null;
    routed.instance().begin();
    models.check(model, isThere -> checked(isThere, failure));
    return true;
  }

  @Override
  public void over() {
    if (isBetweenTries) {
      isBetweenTries = false;
    } else {
      replay.release();
    }
  }

  /** On any thread. */
  private void checked(boolean isThere, InvocationFailure failure) {
    try {
      exchange
          .eventLoop()
          .execute(() -> {
            if (isThere) {
              giveUp(failure); // the 404 was the model's own answer
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

  private InvocationFailure answer(LoadFailure failure) {
    return switch (failure) {
      case LoadFailure.BadName(String message) ->
          new InvocationFailure.ValidationError("VALIDATION_ERROR", message);
      case LoadFailure.Download(var archive, String message) ->
          new InvocationFailure.ValidationError(
              "MODEL_DATA_DOWNLOAD_FAILED",
              "Failed to download model data (bucket: "
                  + archive.bucket()
                  + ", key: "
                  + archive.key()
                  + "). Please ensure that there is an object located at the URL and that the role"
                  + " passed to CreateModel has permissions to download the model. ("
                  + message
                  + ")");
      case LoadFailure.Extract(var archive, String message) ->
          new InvocationFailure.ValidationError(
              "MODEL_DATA_EXTRACTION_FAILED",
              "Failed to extract model data (bucket: "
                  + archive.bucket()
                  + ", key: "
                  + archive.key()
                  + "). Please ensure that the object located at the URL is a valid tar.gz archive. ("
                  + message
                  + ")");
      case LoadFailure.Rejected(int status, String message) -> routed.modelError(status, message);
      case LoadFailure.NotReady(String message) ->
          new InvocationFailure.ModelNotReady(
              "Model " + name + " is not ready for inference yet: " + message);
      case LoadFailure.InstanceGone(String message) ->
          new InvocationFailure.ServiceUnavailable(
              "Model " + name + " could not be loaded: " + message + "; try again in a moment.");
    };
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
