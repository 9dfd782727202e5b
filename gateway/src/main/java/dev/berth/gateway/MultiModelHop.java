package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.hosting.multimodel.LoadFailure;
import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.runtime.Target;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A multi-model container of a pipeline. What it gets waits until the model that TargetModel names
 * is in memory, and then goes on to that. Its request is not sent again: what the containers before
 * it have done is not done twice.
 */
final class MultiModelHop implements Hop, ModelCache.Waiter {
  private static final int NOT_FOUND = 404;
  private static final int INSUFFICIENT_STORAGE = 507;

  private final Gateway gateway;
  private final Exchange exchange;
  private final PipelineInvocation pipeline;
  private final int position;
  private final InstanceHold hold;
  private final ModelCache models;
  private final String name;
  private final HopRequest head;
  private final Payload held;
  private final long begunNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> timeout;
  private @Nullable LoadedModel model;
  private @Nullable Hop next;
  private boolean isRequestComplete;
  private boolean isAnswerPaused;
  private boolean isOver;

  /**
   * @param name TargetModel, normalized
   */
  MultiModelHop(
      Gateway gateway,
      Exchange exchange,
      PipelineInvocation pipeline,
      int position,
      InstanceHold hold,
      ModelCache models,
      String name,
      HopRequest head) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.pipeline = pipeline;
    this.position = position;
    this.hold = hold;
    this.models = models;
    this.name = name;
    this.head = head;
    this.held = new Payload(exchange.alloc(), head.length(), gateway.collectedBytes());
  }

  /** Begins; the pipeline knows this hop by then. */
  void start(long leftNanos) {
    LoadedModel present = models.find(name);
    if (present != null) {
      begin(present);
      return;
    }
    pipeline.takesMore(position, false);
    timeout = exchange.eventLoop().schedule(this::waitedTooLong, leftNanos, TimeUnit.NANOSECONDS);
    models.load(name, this);
  }

  private void begin(LoadedModel found) {
    switch (found.target()) {
      case Target.InProcess(var served) ->
          next =
              new ModelHop(gateway, exchange, pipeline, position, hold, served, head) {
                @Override
                public void released() {
                  super.released();
                  found.release();
                }
              };
      case Target.Http http -> {
        if (!gateway.admission().takes(hold.instance(), position, found, pipeline.leftNanos())) {
          InvocationFailure shed = pipeline.shed(position, found.load());
          found.release();
          fail(shed);
          return;
        }
        model = found;
        found.load().begin(System.nanoTime());
        var hop = new HttpHop(exchange, gateway.containerLimits(), pipeline, position);
        next = hop;
        hop.start(
            http.address(),
            head,
            http.path(),
            exchange.request().headers().get(SageMakerHeaders.TARGET_MODEL));
      }
      case Target.MultiModel _ -> throw new IllegalStateException("models within models: " + name);
    }
    Hop begun = next;
    if (isAnswerPaused && begun != null) {
      begun.pauseAnswer(true);
    }
  }

  // From the cache, on any thread

  @Override
  public void ready(LoadedModel loaded) {
    try {
      exchange.eventLoop().execute(() -> resume(loaded));
    } catch (RejectedExecutionException _) {
      loaded.release(); // the server has closed
    }
  }

  @Override
  public void failed(LoadFailure failure) {
    try {
      exchange
          .eventLoop()
          .execute(() -> fail(LoadFailures.answer(failure, pipeline.routed(position), name)));
    } catch (RejectedExecutionException _) {
      // the server has closed
    }
  }

  // On the event loop

  private void resume(LoadedModel loaded) {
    if (isOver) {
      loaded.release();
      return;
    }
    stopWaiting();
    begin(loaded);
    Hop begun = next;
    if (begun == null || isOver) {
      return;
    }
    ByteBuf body = held.take();
    if (body != null) {
      begun.send(body);
    }
    if (isRequestComplete) {
      begun.sendEnd();
    } else {
      pipeline.takesMore(position, true);
    }
  }

  /** Whether its model isn't in memory yet. */
  boolean isWaiting() {
    return next == null;
  }

  void waitedTooLong() {
    fail(LoadFailures.waitedTooLong(name));
  }

  private void fail(InvocationFailure failure) {
    if (!isOver) {
      pipeline.failed(position, failure); // which cancels this
    }
  }

  private void stopWaiting() {
    ScheduledFuture<?> running = timeout;
    if (running != null) {
      timeout = null;
      running.cancel(false);
      models.waited(System.nanoTime() - begunNanos);
    }
  }

  /** Its container answered with an error, and may lack the model, or memory for it. */
  void answered(int status) {
    LoadedModel asked = model;
    if (asked != null && status == NOT_FOUND) {
      models.check(asked, _ -> {});
    } else if (asked != null && status == INSUFFICIENT_STORAGE) {
      models.makeRoom(asked, Duration.ZERO, _ -> {});
    }
  }

  @Override
  public void send(ByteBuf piece) {
    Hop begun = next;
    if (begun != null) {
      begun.send(piece);
    } else if (isOver) {
      piece.release();
    } else if (!held.add(piece)) {
      fail(gateway.memoryUsedUp());
    }
  }

  @Override
  public void sendEnd() {
    isRequestComplete = true;
    Hop begun = next;
    if (begun != null) {
      begun.sendEnd();
    }
  }

  @Override
  public void pauseAnswer(boolean isPaused) {
    isAnswerPaused = isPaused;
    Hop begun = next;
    if (begun != null) {
      begun.pauseAnswer(isPaused);
    }
  }

  @Override
  public void cancel() {
    if (isOver) {
      return;
    }
    isOver = true;
    stopWaiting();
    held.release();
    Hop begun = next;
    if (begun != null) {
      begun.cancel();
    }
    LoadedModel used = model;
    if (used != null) {
      used.load().end(System.nanoTime());
      used.release();
    }
  }
}
