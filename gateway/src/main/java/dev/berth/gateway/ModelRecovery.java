package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.gateway.InvocationFailure.ModelError;
import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.multimodel.ModelCache;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * What is done, for one invocation, about a container that lacks its model or memory for it, and
 * whether the invocation may be tried once more then: a container that no longer has a model is
 * given it again, one that lacks memory to invoke it loses others. On the exchange's event loop.
 */
final class ModelRecovery {
  private static final int NOT_FOUND = 404;
  private static final int INSUFFICIENT_STORAGE = 507;

  /** Most models that one request drives out of memory. */
  private static final int MAX_EVICTIONS = 4;

  /** Most containers that may die before they take one request. */
  private static final int MAX_DEATHS = 3;

  private final ModelCache models;
  private final Exchange exchange;
  private int evictions;
  private int deaths;
  private boolean wasLookedFor;

  ModelRecovery(ModelCache models, Exchange exchange) {
    this.models = models;
    this.exchange = exchange;
  }

  /** Whether an answer of this status may tell that a container lacks a model, or memory for it. */
  static boolean isLack(int status) {
    return status == NOT_FOUND || status == INSUFFICIENT_STORAGE;
  }

  /**
   * Begins to help, also where the request can't be sent again: those after it profit.
   *
   * @param model held by the caller
   * @param status that of an answer with a {@linkplain #isLack lack}; 0 where the container has
   *     taken nothing of the request
   * @param patience for room in the container's memory; none where the request can't be sent again
   * @param then told whether another try is worth it, later and on the event loop
   * @return false when enough was tried, or nobody waits: {@code then} is told nothing
   */
  boolean begin(LoadedModel model, int status, Duration patience, Consumer<Boolean> then) {
    boolean isAnotherTry = patience.isPositive();
    Consumer<Boolean> told = isAnotherTry ? worth -> later(then, worth) : _ -> {};
    switch (status) {
      case INSUFFICIENT_STORAGE -> {
        if (evictions++ >= MAX_EVICTIONS) {
          return false;
        }
        models.makeRoom(model, patience, told);
      }
      case NOT_FOUND -> {
        if (wasLookedFor) {
          return false;
        }
        wasLookedFor = true;
        // Where it is still there, the failure was the model's own answer.
        models.check(model, isThere -> told.accept(!isThere));
      }
      default -> {
        isAnotherTry = isAnotherTry && ++deaths <= MAX_DEATHS;
        Consumer<Boolean> again = isAnotherTry ? told : _ -> {};
        // Where it is there after all it takes the request now.
        models.doubt(model, _ -> again.accept(true));
      }
    }
    return isAnotherTry;
  }

  private void later(Consumer<Boolean> then, boolean isWorthIt) {
    try {
      exchange.eventLoop().execute(() -> then.accept(isWorthIt));
    } catch (RejectedExecutionException _) {
      // the server has closed
    }
  }

  /** The container has taken a request, or a part of it, and broken off: it may be dying. */
  void brokenOff(LoadedModel model) {
    models.doubt(model, _ -> {});
  }

  /** Returns what is told of a request that can't be sent again, and why it isn't. */
  static ModelError unrepeatable(ModelError failure) {
    return new ModelError(
        failure.endpoint(),
        failure.container(),
        failure.originalStatus(),
        failure.originalMessage()
            + " (Its model may have to be loaded again. Berth sends a request again only if its body"
            + " for this container is no longer than %,d bytes: try again in a moment.)"
                .formatted(Replay.MAX_BYTES));
  }
}
