package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import dev.berth.runtime.embedded.serving.ServedModel;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A multi-model container in this JVM: the models that one instance has in memory. */
final class EmbeddedModelHost implements ModelHost, Held {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedModelHost.class);
  private static final int SERVER_ERROR = 500;

  private final SharedModels models;
  private final EmbeddedImage image;
  private final Map<String, String> environment;
  private final ModelMemory memory;
  private final long memoryBytes;
  private final Map<String, Present> present = new ConcurrentHashMap<>();

  /** Guarded by this, as is the way into {@link #present}. */
  private boolean isReleased;

  /** A loaded model and what it takes of the memory. */
  private record Present(SharedModels.Lease lease, ServedModel model, long bytes) {
    Loaded loaded() {
      return new Loaded(new Target.InProcess(model), bytes);
    }
  }

  /**
   * Makes an empty one.
   *
   * @param environment the container's variables, the platform's included
   * @param memory what it shares with the process's other instances
   * @param memoryBytes what it may have of it
   */
  EmbeddedModelHost(
      SharedModels models,
      EmbeddedImage image,
      Map<String, String> environment,
      ModelMemory memory,
      long memoryBytes) {
    this.models = models;
    this.image = image;
    this.environment = environment;
    this.memory = memory;
    this.memoryBytes = Math.min(memoryBytes, memory.totalBytes());
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  @Override
  public Loaded load(String id, Path directory, long expectedBytes, Duration timeout)
      throws LoadException, InterruptedException {
    Present known = present.get(id);
    if (known != null) {
      return known.loaded();
    }
    // What it takes is known when it is there.
    long guess = Math.min(expectedBytes, memoryBytes);
    if (!memory.take(guess)) {
      throw new LoadException(
          new Refusal.NoRoom(
              "%,d of Berth's %,d bytes for the models of multi-model endpoints are free, and this model may need %,d. Give the JVM more heap, or set multi-model-memory-bytes."
                  .formatted(Math.max(0, memory.freeBytes()), memory.totalBytes(), expectedBytes)));
    }
    SharedModels.Lease lease =
        models.lease(new SharedModels.Content(image, directory, environment));
    boolean isKept = false;
    try {
      ServedModel model = lease.model().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      var arrived = new Present(lease, model, model.memoryBytes());
      isKept = keep(id, arrived);
      if (!isKept) {
        throw new LoadException(new Refusal.Gone("its instance is no longer in service"));
      }
      memory.adjust(arrived.bytes() - guess);
      return arrived.loaded();
    } catch (TimeoutException _) {
      throw new LoadException(
          new Refusal.TimedOut("it was not loaded within the time that a load has"));
    } catch (ExecutionException failed) {
      throw new LoadException(refusal(failed.getCause() == null ? failed : failed.getCause()));
    } finally {
      if (!isKept) {
        memory.adjust(-guess);
        lease.release();
      }
    }
  }

  /** Returns whether it is kept; one that comes after the instance's end is not. */
  private synchronized boolean keep(String id, Present arrived) {
    if (!isReleased) {
      present.put(id, arrived);
    }
    return !isReleased;
  }

  private static Refusal refusal(Throwable failure) {
    return switch (failure) {
      case ModelLoadException expected ->
          new Refusal.Rejected(SERVER_ERROR, "Unable to load model: " + expected.getMessage());
      case OutOfMemoryError _ ->
          new Refusal.NoRoom(
              "the model does not fit into Berth's memory (at most %d MiB of heap); give the JVM more with -Xmx"
                  .formatted(Runtime.getRuntime().maxMemory() >> 20));
      default -> {
        log.error("a model could not be loaded", failure);
        yield new Refusal.Rejected(SERVER_ERROR, "Unable to load model: " + failure);
      }
    };
  }

  @Override
  public void unload(String id) {
    Present gone = present.remove(id);
    if (gone != null) {
      gone.lease().release();
      memory.adjust(-gone.bytes());
    }
  }

  @Override
  public boolean has(String id) {
    return present.containsKey(id);
  }

  @Override
  public Set<String> loaded() {
    return Set.copyOf(present.keySet());
  }

  @Override
  public void release() {
    synchronized (this) {
      isReleased = true;
    }
    present.keySet().forEach(this::unload);
  }
}
