package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
  private static final int PINGS_A_MEASUREMENT = 6;

  /** A container that does nothing with SIGTERM holds up the load that it makes room for. */
  private static final Duration LONGEST_GRACE = Duration.ofSeconds(5);

  private static final Duration LATE_WORD = Duration.ofSeconds(2);
  private static final Duration REMOVAL_LIMIT = Duration.ofSeconds(10);

  private final Engine engine;
  private final DockerConfig config;
  private final Place place;
  private final ModelMemory memory;

  /** By model. */
  private final Map<String, ModelContainer> containers = new ConcurrentHashMap<>();

  private volatile LossListener losses = (_, _) -> {};

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
        containers.put(model, ModelContainer.found(found.id()));
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
    rest();
  }

  /** Watches none any more; what ends from here on does so as it should, or is another's. */
  void rest() {
    containers.values().forEach(ModelContainer::rest);
  }

  @Override
  public void onLoss(LossListener listener) {
    losses = listener;
  }

  /** Clears away a container that has ended by itself. */
  void ended(String container) {
    containers.forEach((model, mine) -> {
      if (mine.id().equals(container) && mine.isToServe()) {
        lose(model, mine, "its container has ended by itself");
      }
    });
  }

  /** Clears away one that is of no use any more: the next who asks for its model gets another. */
  private void lose(String model, ModelContainer container, String why) {
    giveUp(model, container, why);
    try {
      log.warn(
          "model {} has lost its container, as {}; it wrote: {}",
          model,
          why,
          lastLines(container.id()));
      remove(model, container);
    } catch (EngineException e) {
      log.warn("container {} stays for now: {}", container.id(), e.text());
    }
  }

  /** From here on nothing is sent to it: its address may soon be another's. */
  private void giveUp(String model, ModelContainer container, String why) {
    container.giveUp();
    if (container.equals(containers.get(model))) {
      losses.lost(model, why);
    }
  }

  private long memoryInUse() {
    long sum = 0;
    for (ModelContainer container : List.copyOf(containers.values())) {
      long bytes = engine.memoryBytes(container.id());
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
      Optional<Target> target = knownTarget(id, window);
      return new Loaded(
          target.isPresent() ? target.get() : newTarget(id, directory, fileBytes, window), 0);
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
  }

  /** Returns where the container takes requests that a model has already, if that serves it. */
  private Optional<Target> knownTarget(String id, Deadline window)
      throws LoadException, InterruptedException {
    ModelContainer known = containers.get(id);
    if (known == null) {
      return Optional.empty();
    }
    boolean isOfUse = false;
    try {
      Optional<Target> target = known.isGivenUp() ? Optional.empty() : comeUp(id, known, window);
      isOfUse = target.isPresent();
      return target;
    } catch (EngineException | InterruptedException e) {
      isOfUse = true; // as far as is known
      throw e;
    } finally {
      if (!isOfUse) {
        remove(id, known);
      }
    }
  }

  private Target newTarget(String id, Path directory, long fileBytes, Deadline window)
      throws LoadException, InterruptedException {
    if (!memory.take(id, fileBytes)) {
      throw new LoadException(new Refusal.NoRoom(memory.words(fileBytes)));
    }
    boolean isUp = false;
    try {
      ModelContainer made = create(id, directory);
      engine.start(made.id());
      Target target = comeUp(id, made, window).orElseThrow(() -> rejected(deathWords(made.id())));
      memory.loaded(id);
      isUp = true;
      return target;
    } finally {
      if (!isUp) {
        discard(id);
      }
    }
  }

  private String deathWords(String container) {
    return engine
        .status(container)
        .map(status ->
            "its container %s before it was healthy; it wrote: %s"
                .formatted(status.end(), lastLines(container)))
        .orElse("its container was removed");
  }

  private static Refusal refusal(EngineException e) {
    return e instanceof EngineException.Refused
        ? new Refusal.Rejected(500, e.text())
        : new Refusal.Gone(e.text());
  }

  private synchronized ModelContainer create(String id, Path directory) throws LoadException {
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
    ModelContainer made =
        ModelContainer.made(
            engine.createLike(
                place.original(),
                name,
                Map.of(MODEL, id, Role.ARTIFACT + "model", directory.toString()),
                Map.of(MODEL_DIRECTORY, directory.toString())));
    containers.put(id, made);
    return made;
  }

  /** Waits until a container is healthy, and watches it from then on; empty when it has ended. */
  private Optional<Target> comeUp(String id, ModelContainer container, Deadline window)
      throws LoadException, InterruptedException {
    String last = "none was sent";
    while (true) {
      Optional<ContainerStatus> status =
          engine.status(container.id()).filter(ContainerStatus::isRunning);
      if (status.isEmpty()) {
        return Optional.empty();
      }
      InetSocketAddress address =
          place.address(status.get()).orElseThrow(() -> rejected("the engine gave it no address"));
      takeAddress(container, address);
      switch (Ping.ask(address, config.health().attempt())) {
        case Ping.Healthy _ -> {
          container.serve(() -> watch(id, container));
          return Optional.of(new Target.Http(address));
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

  /** An address of one that has ended may be given anew before the engine tells of the end. */
  private void takeAddress(ModelContainer container, InetSocketAddress address) {
    if (container.isAt(address)) {
      return;
    }
    container.moveTo(address);
    containers.forEach((model, other) -> {
      if (!other.equals(container) && other.isAt(address)) {
        giveUp(model, other, "its container's address is another's");
      }
    });
  }

  // its service

  /** Pings a container as instances are, for as long as it serves, and replaces it if need be. */
  private void watch(String model, ModelContainer container) {
    int failures = 0;
    try {
      for (int turn = 0; container.isToServe(); turn++) {
        if (turn % PINGS_A_MEASUREMENT == 0) {
          container.measured(engine.memoryBytes(container.id()));
        }
        TimeUnit.NANOSECONDS.sleep(config.health().interval().toNanos());
        if (!(Ping.ask(container.address(), config.health().attempt())
            instanceof Ping.Unhealthy(String what))) {
          failures = 0;
        } else if (++failures >= config.health().threshold() && container.isToServe()) {
          lose(
              model,
              container,
              "%d pings in a row of its container failed after it had been healthy; the last: %s; find out in its log what it was busy with"
                  .formatted(failures, what));
        }
      }
    } catch (InterruptedException _) {
      // it is watched no more
    }
  }

  private static LoadException rejected(String why) {
    return new LoadException(new Refusal.Rejected(500, why));
  }

  // its way out

  @Override
  public void unload(String id) throws LoadException {
    ModelContainer container = containers.get(id);
    if (container == null) {
      return;
    }
    try {
      container.rest();
      Duration grace =
          config.stopGrace().compareTo(LONGEST_GRACE) < 0 ? config.stopGrace() : LONGEST_GRACE;
      engine.stop(container.id(), grace);
      remove(id, container);
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
  }

  private void remove(String id, ModelContainer container) {
    container.giveUp();
    try {
      engine.remove(container.id());
    } catch (EngineException.Refused e) {
      if (!e.isConflict()) {
        throw e;
      }
      awaitRemoval(
          container.id()); // someone else is at it, and its name is taken until that is done
    }
    if (containers.remove(id, container)) {
      memory.give(id);
    }
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
    ModelContainer container = containers.get(id);
    try {
      if (container == null) {
        memory.give(id);
      } else {
        remove(id, container);
      }
    } catch (EngineException e) {
      log.warn("a container of model {} stays for now: {}", id, e.text());
    }
  }

  @Override
  public boolean has(String id) throws LoadException, InterruptedException {
    ModelContainer container = containers.get(id);
    if (container == null || container.isGivenUp()) {
      return false;
    }
    try {
      if (serves(container)) {
        return true;
      }
    } catch (EngineException e) {
      throw new LoadException(refusal(e));
    }
    lose(id, container, "its container takes no connections any more");
    return false;
  }

  /**
   * Whether a container answers, or is only busy. The engine's word of a death comes late, so one
   * where nobody listens any more is dead whatever the engine says.
   */
  private boolean serves(ModelContainer container) throws InterruptedException {
    var limit = new Deadline(LATE_WORD);
    while (true) {
      Optional<InetSocketAddress> address = addressOf(container.id());
      if (address.isEmpty()) {
        return false;
      }
      Ping ping = Ping.ask(address.get(), LATE_WORD);
      if (ping.equals(Ping.REFUSED)) {
        return false;
      }
      if (ping instanceof Ping.Healthy || limit.isOver()) {
        return true; // one that hangs is for the watch
      }
      TimeUnit.NANOSECONDS.sleep(config.health().startInterval().toNanos());
    }
  }

  /** Returns where a container takes requests if it runs. */
  private Optional<InetSocketAddress> addressOf(String container) {
    return engine.status(container).filter(ContainerStatus::isRunning).flatMap(place::address);
  }

  @Override
  public OptionalLong measuredBytes(String id) {
    ModelContainer container = containers.get(id);
    return container == null ? OptionalLong.empty() : container.memoryBytes();
  }

  @Override
  public Set<String> loaded() {
    return new HashSet<>(containers.keySet());
  }
}
