package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import dev.berth.runtime.docker.ContainerStatus.Phase;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of an instance whose image serves one model only: each runs in a container of its own,
 * started when it is asked for. All are made like the instance's own container, which is never
 * started, and carry its labels, so that they are found, and removed, with it.
 */
final class ModelContainers implements ModelHost {
  private static final Logger log = LoggerFactory.getLogger(ModelContainers.class);

  /** The model that a container runs; what carries it is no part of the instance itself. */
  static final String MODEL = "dev.berth.model";

  private static final String MODEL_DIRECTORY = "/opt/ml/model";
  private static final int LOG_LINES = 8;
  private static final int SHORT_ID = 12;

  /** A container that does nothing with SIGTERM holds up the load that it makes room for. */
  private static final Duration LONGEST_GRACE = Duration.ofSeconds(5);

  private static final Duration LATE_WORD = Duration.ofSeconds(2);
  private static final Duration REMOVAL_LIMIT = Duration.ofSeconds(10);

  private final Engine engine;
  private final DockerConfig config;
  private final Place place;
  private final ModelMemory memory;

  /** Containers by model. */
  private final Map<String, String> containers = new ConcurrentHashMap<>();

  /** Those of them that were healthy, and are not to end. */
  private final Set<String> serving = ConcurrentHashMap.newKeySet();

  /** Guarded by this. */
  private boolean isClosed;

  /** Where the containers are. */
  interface Place {
    /** Id of the container that all are made like. */
    String original();

    /** That container's name: theirs begin with it. */
    String name();

    /** Most of them at a time. */
    int room();

    /** What they may use together, in bytes; 0 for no limit. */
    long memoryBytes();

    /** Labels that all of the instance's objects carry. */
    Map<String, String> identity();

    /** Returns where a running one takes requests; empty when the engine gave it no address. */
    Optional<InetSocketAddress> address(ContainerStatus status);
  }

  ModelContainers(Engine engine, DockerConfig config, Place place) {
    this.engine = engine;
    this.config = config;
    this.place = place;
    this.memory =
        new ModelMemory(place.memoryBytes(), this::memoryInUse, Thread::startVirtualThread);
  }

  /** Finds what an earlier process has started. */
  void takeUp() {
    for (Engine.Labelled found : engine.containers(place.identity())) {
      String model = found.labels().get(MODEL);
      if (model != null) {
        containers.put(model, found.id());
        serving.add(found.id());
        memory.take(model, 0);
        memory.loaded(model);
      }
    }
  }

  /** Begins nothing more; returns when nothing is being created. */
  void close() {
    synchronized (this) {
      isClosed = true;
    }
    serving.clear(); // what ends from here on does so as it should
  }

  /** Clears away a container that has ended by itself. */
  void ended(String container) {
    if (!serving.remove(container)) {
      return;
    }
    containers.forEach((model, id) -> {
      if (id.equals(container)) {
        try {
          log.warn("the container of model {} has ended; it wrote: {}", model, lastLines(id));
          remove(model, id);
        } catch (EngineException e) {
          log.warn("container {} stays for now: {}", id, e.text());
        }
      }
    });
  }

  private long memoryInUse() {
    long sum = 0;
    for (String container : List.copyOf(containers.values())) {
      long bytes = engine.memoryBytes(container);
      sum += Math.max(0, bytes);
    }
    return sum;
  }

  // a model's way in

  @Override
  public long memoryBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public int concurrentLoads() {
    return place.room();
  }

  @Override
  public Loaded load(String id, Path directory, long fileBytes, Duration timeout)
      throws LoadException, InterruptedException {
    var window = new Deadline(timeout);
    try {
      String known = containers.get(id);
      if (known != null) {
        Optional<InetSocketAddress> address = addressOf(known);
        if (address.isPresent()) {
          return loaded(id, known, window);
        }
        remove(id, known);
      }
      if (!memory.take(id, fileBytes)) {
        throw new LoadException(new Refusal.NoRoom(memory.words(fileBytes)));
      }
      boolean isUp = false;
      try {
        String made = create(id, directory);
        engine.start(made);
        Loaded loaded = loaded(id, made, window);
        memory.loaded(id);
        isUp = true;
        return loaded;
      } finally {
        if (!isUp) {
          discard(id);
        }
      }
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
  }

  private Loaded loaded(String id, String container, Deadline window)
      throws LoadException, InterruptedException {
    Target target = comeUp(id, container, window);
    serving.add(container);
    return new Loaded(target, 0);
  }

  private static Refusal refusal(EngineException e) {
    return e instanceof EngineException.Refused
        ? new Refusal.Rejected(500, e.text())
        : new Refusal.Gone(e.text());
  }

  private synchronized String create(String id, Path directory) throws LoadException {
    if (isClosed) {
      throw new LoadException(new Refusal.Gone("its instance is no longer in service"));
    }
    if (containers.size() >= place.room()) {
      throw new LoadException(
          new Refusal.NoRoom(
              "%d containers run for models, which is the most that there may be"
                  .formatted(containers.size())));
    }
    String name =
        "%s-model-%s".formatted(place.name(), id.substring(0, Math.min(SHORT_ID, id.length())));
    String made =
        engine.createLike(
            place.original(),
            name,
            Map.of(MODEL, id, Role.ARTIFACT + "model", directory.toString()),
            Map.of(MODEL_DIRECTORY, directory.toString()));
    containers.put(id, made);
    return made;
  }

  private Target comeUp(String id, String container, Deadline window)
      throws LoadException, InterruptedException {
    String last = "none was sent";
    while (true) {
      ContainerStatus status =
          engine.status(container).orElseThrow(() -> rejected("its container was removed"));
      if (status.phase() == Phase.ENDED) {
        throw rejected(
            "its container %s before it was healthy; it wrote: %s"
                .formatted(status.end(), lastLines(container)));
      }
      InetSocketAddress address =
          place.address(status).orElseThrow(() -> rejected("the engine gave it no address"));
      switch (Ping.ask(address, config.health().attempt())) {
        case Ping.Healthy _ -> {
          return new Target.Http(address);
        }
        case Ping.Unhealthy(String what) -> last = what;
      }
      if (window.isOver()) {
        throw new LoadException(
            new Refusal.TimedOut(
                "the container of model %s was not healthy in time; last ping: %s"
                    .formatted(id, last)));
      }
      TimeUnit.NANOSECONDS.sleep(config.health().startInterval().toNanos());
    }
  }

  private static LoadException rejected(String why) {
    return new LoadException(new Refusal.Rejected(500, why));
  }

  // its way out

  @Override
  public void unload(String id) throws LoadException {
    String container = containers.get(id);
    if (container == null) {
      return;
    }
    try {
      serving.remove(container);
      Duration grace =
          config.stopGrace().compareTo(LONGEST_GRACE) < 0 ? config.stopGrace() : LONGEST_GRACE;
      engine.stop(container, grace);
      remove(id, container);
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
  }

  private void remove(String id, String container) {
    serving.remove(container);
    try {
      engine.remove(container);
    } catch (EngineException.Refused e) {
      if (!e.isConflict()) {
        throw e;
      }
      awaitRemoval(container); // someone else is at it, and its name is taken until that is done
    }
    containers.remove(id, container);
    memory.give(id);
  }

  private void awaitRemoval(String container) {
    var limit = new Deadline(REMOVAL_LIMIT);
    while (!limit.isOver() && engine.status(container).isPresent()) {
      LockSupport.parkNanos(config.health().startInterval().toNanos());
    }
  }

  private List<String> lastLines(String container) {
    try {
      return engine.lastLines(container, LOG_LINES);
    } catch (EngineException e) {
      return List.of("(its log can't be read: " + e.text() + ")");
    }
  }

  /** Removes one that did not come up. */
  private void discard(String id) {
    String container = containers.get(id);
    try {
      if (container == null) {
        memory.give(id);
      } else {
        remove(id, container);
      }
    } catch (EngineException e) {
      log.warn("container {} stays for now: {}", container, e.text());
    }
  }

  @Override
  public boolean has(String id) throws LoadException, InterruptedException {
    String container = containers.get(id);
    try {
      return container != null && serves(container);
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
  }

  /** The engine's word of a death comes late: one that takes no connections may be dead already. */
  private boolean serves(String container) throws InterruptedException {
    var limit = new Deadline(LATE_WORD);
    while (true) {
      Optional<InetSocketAddress> address = addressOf(container);
      if (address.isEmpty()) {
        return false;
      }
      if (limit.isOver() || Ping.ask(address.get(), LATE_WORD) instanceof Ping.Healthy) {
        return true;
      }
      TimeUnit.NANOSECONDS.sleep(config.health().startInterval().toNanos());
    }
  }

  /** Returns where a container takes requests if it runs. */
  private Optional<InetSocketAddress> addressOf(String container) {
    return engine.status(container).filter(ContainerStatus::isRunning).flatMap(place::address);
  }

  @Override
  public Set<String> loaded() {
    return new HashSet<>(containers.keySet());
  }
}
