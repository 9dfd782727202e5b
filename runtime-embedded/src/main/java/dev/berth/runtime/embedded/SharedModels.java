package dev.berth.runtime.embedded;

import dev.berth.runtime.embedded.serving.ServedModel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Loaded models, each in memory once however many instances use it. Loading takes processor and
 * memory, so only a few models are loaded at a time; the others wait their turn.
 */
final class SharedModels {
  private static final Logger log = LoggerFactory.getLogger(SharedModels.class);

  private final ModelLoader loader;
  private final Semaphore turns;

  /** Guarded by this. */
  private final Map<Content, Shared> models = new HashMap<>();

  /**
   * Makes one that holds nothing.
   *
   * @param concurrentLoads how many models may be loaded at a time, 1 or more
   */
  SharedModels(ModelLoader loader, int concurrentLoads) {
    this.loader = loader;
    this.turns = new Semaphore(concurrentLoads, true);
  }

  /** What makes two models the same one: staged directories are named by their content. */
  record Content(EmbeddedImage image, Path directory, Map<String, String> environment) {
    Content {
      environment = Map.copyOf(environment);
    }

    private boolean isOneOfMany() {
      return environment.containsKey("SAGEMAKER_MULTI_MODEL");
    }
  }

  /** One instance's hold on a model. */
  static final class Lease implements Held {
    private final SharedModels owner;
    private final Shared shared;
    private boolean isReleased;

    private Lease(SharedModels owner, Shared shared) {
      this.owner = owner;
      this.shared = shared;
    }

    /** The model, or why it could not be loaded. */
    Future<ServedModel> model() {
      return shared.model;
    }

    /**
     * Gives the model back. The last one to do so waits until it is loaded, if it is still being
     * loaded, and until its running invocations have ended, and frees it. Again does nothing but
     * wait for the first.
     */
    @Override
    public synchronized void release() {
      if (!isReleased) {
        isReleased = true;
        owner.release(shared);
      }
    }
  }

  /** A model and how many hold it. */
  private static final class Shared {
    private final Content content;
    private final CompletableFuture<ServedModel> model = new CompletableFuture<>();
    private final Thread loading;
    private int leases;

    private Shared(Content content, SharedModels owner) {
      this.content = content;
      this.loading =
          Thread.ofVirtual().name("load " + content.directory()).unstarted(() -> owner.load(this));
    }
  }

  /** Takes hold of the model of {@code content}, and begins to load it if nobody has. */
  synchronized Lease lease(Content content) {
    Shared shared = models.get(content);
    if (shared == null) {
      shared = new Shared(content, this);
      models.put(content, shared);
      shared.loading.start();
    }
    shared.leases++;
    return new Lease(this, shared);
  }

  private void load(Shared shared) {
    try {
      turns.acquire();
      try {
        shared.model.complete(timedLoad(shared.content));
      } finally {
        turns.release();
      }
    } catch (Throwable failure) { // out of memory or a missing native library, too, is a reason
      forget(shared); // the next one tries again
      shared.model.completeExceptionally(failure);
    }
  }

  private ServedModel timedLoad(Content content) {
    long begun = System.nanoTime();
    ServedModel model = loader.load(content.image(), content.directory(), content.environment());
    log.atLevel(content.isOneOfMany() ? Level.DEBUG : Level.INFO)
        .log(
            "loaded {} model from {} in {} ms, {} KiB",
            content.image().format().words(),
            content.directory(),
            (System.nanoTime() - begun) / 1_000_000,
            model.memoryBytes() / 1024);
    return model;
  }

  private synchronized void forget(Shared shared) {
    models.remove(shared.content, shared);
  }

  private void release(Shared shared) {
    synchronized (this) {
      shared.leases--;
      if (shared.leases > 0) {
        return;
      }
      models.remove(shared.content, shared);
    }
    shared.loading.interrupt(); // one that waits for its turn need not have it
    shared
        .model
        .handle((model, _) -> {
          if (model != null) {
            model.close();
          }
          return true;
        })
        .join();
  }
}
