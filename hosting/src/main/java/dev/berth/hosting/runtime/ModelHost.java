package dev.berth.hosting.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A container of Mode {@code MultiModel}, as its runtime runs it: models come into it and leave it
 * while it serves (Developer Guide, "Build Your Own Container for SageMaker AI Multi-Model
 * Endpoints"). Which models, and when, others decide. Blocks; many threads at a time, but one at a
 * time for each id.
 */
public interface ModelHost {

  /**
   * Memory for all models together, in bytes; {@link Long#MAX_VALUE} where only the container knows
   * and tells by {@link Refusal.NoRoom}.
   */
  long memoryBytes();

  /**
   * How many models it loads at a time at least: one that takes long must not hold up others that
   * take none of this JVM's processors.
   */
  default int concurrentLoads() {
    return 1;
  }

  /**
   * Loads a model; it takes invocations when this returns. A model that is loaded already is well.
   *
   * @param id name of exactly this content: lower-case hex
   * @param directory its unpacked files, which stay until {@link #unload}
   * @param expectedBytes memory that it will probably take, from models of like size or its files
   * @throws LoadException when it isn't loaded; the host is as it was before
   */
  Loaded load(String id, Path directory, long expectedBytes, Duration timeout)
      throws LoadException, InterruptedException;

  /**
   * Unloads a model; its memory is free when this returns. One that isn't loaded is well.
   *
   * @throws LoadException when it may still be loaded
   */
  void unload(String id) throws LoadException, InterruptedException;

  /**
   * Returns whether a model is loaded.
   *
   * @throws LoadException when the host doesn't tell
   */
  boolean has(String id) throws LoadException, InterruptedException;

  /**
   * Returns the ids that are loaded: those, too, that an earlier process has loaded.
   *
   * @throws LoadException when the host doesn't tell
   */
  Set<String> loaded() throws LoadException, InterruptedException;

  /**
   * Returns what a loaded model was measured to take, in bytes, where {@link Loaded#memoryBytes}
   * did not tell; empty where nothing is known. Doesn't block.
   */
  default OptionalLong measuredBytes(String id) {
    return OptionalLong.empty();
  }

  /**
   * Has {@code listener} told of models that are gone though nobody has unloaded them, before
   * anything else takes the place where they took invocations. Those of which it is told may be
   * loaded again.
   */
  default void onLoss(LossListener listener) {}

  /** Hears of models that are gone; on any thread, must return at once. */
  interface LossListener {

    /**
     * Tells of one.
     *
     * @param id as it was loaded
     * @param why for people
     */
    void lost(String id, String why);
  }

  /**
   * A model in memory.
   *
   * @param target where it takes invocations: in process, or by HTTP
   * @param memoryBytes what it takes of {@link #memoryBytes()}, on the heap and off it; 0 where
   *     only the container knows
   */
  record Loaded(Target target, long memoryBytes) {}

  /** Why a host did not do as it was told. */
  sealed interface Refusal {
    /** What it says about it, for people. */
    String message();

    /** Not enough memory, or of another resource: fewer models, and it may do (status 507). */
    record NoRoom(String message) implements Refusal {}

    /**
     * This model can't be served.
     *
     * @param status HTTP status of the container's answer, or the one it would have
     */
    record Rejected(int status, String message) implements Refusal {}

    /** Nobody answers: the container is dying, or dead. */
    record Gone(String message) implements Refusal {}

    /** It took too long and was given up. */
    record TimedOut(String message) implements Refusal {}
  }

  /** A {@link Refusal} on its way. */
  final class LoadException extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Refusal refusal;

    public LoadException(Refusal refusal) {
      super(refusal.message());
      this.refusal = refusal;
    }

    public Refusal refusal() {
      return refusal;
    }
  }
}
