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
 * is in memory, and then goes on to that. It is kept while it is small, and sent once more to a
 * container that had lost the model, or lacked memory for it: the containers before it do their
 * part once.
 */
final class MultiModelHop implements Hop, ModelCache.Waiter, HttpHop.Loss {
  private final Gateway gateway;
  private final Exchange exchange;
  private final PipelineInvocation pipeline;
  private final int position;
  private final InstanceHold hold;
  private final ModelCache models;
  private final String name;
  private final HopRequest head;
  private final Payload held;
  private final Replay replay;
  private final ModelRecovery recovery;
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
    this.replay = new Replay(gateway.collectedBytes());
    this.recovery = new ModelRecovery(models, exchange);
  }

  /** Begins; the pipeline knows this hop by then. */
  void start(long leftNanos) {
    LoadedModel present = models.find(name);
    if (present != null) {
      begin(present);
      return;
    }
    await(leftNanos);
  }

  private void await(long leftNanos) {
    pipeline.takesMore(position, false);
    timeout = exchange.eventLoop().schedule(this::waitedTooLong, leftNanos, TimeUnit.NANOSECONDS);
    models.load(name, this);
  }

  private void begin(LoadedModel found) {
    switch (found.target()) {
      case Target.InProcess(var served) -> {
        replay.release(); // what is in this JVM isn't lost
        next =
            new ModelHop(gateway, exchange, pipeline, position, hold, served, head) {
              @Override
              public void released() {
                super.released();
                found.release();
              }
            };
      }
      case Target.Http http -> {
        if (!gateway.admission().takes(hold.instance(), position, found, pipeline.leftNanos())) {
          InvocationFailure shed = pipeline.shed(position, found.load());
          found.release();
          fail(shed);
          return;
        }
        model = found;
        found.load().begin(System.nanoTime());
        var hop = new HttpHop(exchange, gateway.containerLimits(), pipeline, position, this);
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
    ByteBuf again = replay.body();
    if (again != null) {
      begun.send(again);
    }
    ByteBuf body = held.take();
    if (body != null) {
      replay.add(body);
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

  // Its container lacks the model, or memory for it

  @Override
  public void brokenOff() {
    LoadedModel asked = model;
    if (asked != null) {
      recovery.brokenOff(asked);
    }
  }

  @Override
  public boolean isTakenOver(InvocationFailure.ModelError failure) {
    LoadedModel asked = model;
    if (asked == null || isOver) {
      return false;
    }
    long left = pipeline.leftNanos();
    boolean isRepeatable = replay.isWhole() && left > 0;
    Duration patience = isRepeatable ? Duration.ofNanos(left) : Duration.ZERO;
    if (!recovery.begin(
        asked, failure.originalStatus(), patience, isWorthIt -> tried(isWorthIt, failure))) {
      if (!replay.isWhole()) {
        fail(ModelRecovery.unrepeatable(failure));
      }
      return !replay.isWhole();
    }
    next = null;
    leave();
    pipeline.takesMore(position, false);
    return true;
  }

  private void tried(boolean isWorthIt, InvocationFailure failure) {
    if (isOver) {
      return;
    }
    if (isWorthIt) {
      await(pipeline.leftNanos());
    } else {
      fail(failure);
    }
  }

  @Override
  public void send(ByteBuf piece) {
    Hop begun = next;
    if (begun != null) {
      replay.add(piece);
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
    replay.release();
    Hop begun = next;
    if (begun != null) {
      begun.cancel();
    }
    leave();
  }

  private void leave() {
    LoadedModel used = model;
    if (used != null) {
      model = null;
      used.load().end(System.nanoTime());
      used.release();
    }
  }
}
