package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ResolvedImage;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Images on the engine: the local one where there is one, else pulled, once for all who wait. */
final class Images {
  private static final Logger log = LoggerFactory.getLogger(Images.class);

  private final Engine engine;
  private final Map<String, ReentrantLock> pulls = new ConcurrentHashMap<>();

  /**
   * An image that is on the engine.
   *
   * @param reference what to create containers of
   * @param resolved what it stands for
   */
  record Local(String reference, ResolvedImage resolved, Map<String, String> labels) {
    Local {
      labels = Map.copyOf(labels);
    }

    Local pinnedTo(ResolvedImage pin) {
      return new Local(reference, pin, labels);
    }
  }

  Images(Engine engine) {
    this.engine = engine;
  }

  /**
   * Returns {@code image}, which is on the engine when this returns.
   *
   * @param progress told now and then, for people
   * @throws EngineException when it neither is there nor can be pulled
   */
  Local ensure(String image, Consumer<String> progress) throws InterruptedException {
    Optional<Local> local = engine.image(image);
    if (local.isPresent()) {
      return local.get();
    }
    ReentrantLock turn = pulls.computeIfAbsent(image, _ -> new ReentrantLock());
    turn.lockInterruptibly();
    try {
      Optional<Local> pulled = engine.image(image);
      if (pulled.isEmpty()) {
        log.info("pulling image {}", image);
        engine.pull(image, progress);
        pulled = engine.image(image);
      }
      return pulled.orElseThrow(() ->
          new EngineException.Refused(
              404, "it is not there after the pull", new IllegalStateException(image)));
    } finally {
      turn.unlock();
    }
  }

  /**
   * Returns what {@code image} stood for when its deployment was made, wherever its tag is now.
   *
   * @throws EngineException when it neither is there nor can be pulled
   */
  Local ensure(String image, ResolvedImage pin, Consumer<String> progress)
      throws InterruptedException {
    Optional<Local> named = engine.image(image);
    if (named.isPresent() && isSame(named.get(), pin)) {
      return named.get().pinnedTo(pin);
    }
    Optional<Local> kept = pin.id().isEmpty() ? Optional.empty() : engine.image(pin.id());
    if (kept.isPresent()) {
      return kept.get().pinnedTo(pin);
    }
    if (pin.reference().startsWith("sha256:")) {
      throw new EngineException.Refused(
          404,
          "the deployment runs %s, which was only on this engine and was removed from it"
              .formatted(pin.reference()),
          new IllegalStateException(image));
    }
    return ensure(pin.reference(), progress).pinnedTo(pin);
  }

  private static boolean isSame(Local local, ResolvedImage pin) {
    return local.resolved().id().equals(pin.id())
        || local.resolved().reference().equals(pin.reference());
  }
}
