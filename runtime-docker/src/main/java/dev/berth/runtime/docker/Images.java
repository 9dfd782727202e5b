package dev.berth.runtime.docker;

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
   * @param digest {@code repository@sha256:…}, or its id where it was never in a registry
   */
  record Local(String digest, Map<String, String> labels) {
    Local {
      labels = Map.copyOf(labels);
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
}
