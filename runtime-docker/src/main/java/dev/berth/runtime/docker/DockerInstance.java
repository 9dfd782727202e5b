package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance: a container in a network of its own, and the virtual thread that brings it up and
 * watches it. Steps: Starting → InService or Failed, InService → Failed, and from each of them →
 * Stopping. The engine's objects go with {@link #stop} only; an interrupted thread leaves them.
 */
final class DockerInstance {
  private static final Logger log = LoggerFactory.getLogger(DockerInstance.class);
  private static final String MODEL_DIRECTORY = "/opt/ml/model";
  private static final String ADDITIONAL_DIRECTORY = "/opt/ml/additional-model-data-sources/";
  private static final int LOG_LINES = 8;
  private static final Duration ENGINE_PAUSE = Duration.ofSeconds(1);

  private final DockerRuntime runtime;
  private final DockerConfig config;
  private final InstantSource clock;
  private final Assignment assignment;
  private final Thread thread;

  /** Released when the engine tells of a container's end, so that nobody waits for a ping. */
  private final Semaphore pokes = new Semaphore(0);

  private final CountDownLatch firstLook = new CountDownLatch(1);
  private volatile ObservedInstance observed;
  private volatile boolean hasObjects;
  private volatile String container = "";

  /** Guarded by this. */
  private boolean isStopping;

  /** Why it can't go on, as it becomes the FailureReason. */
  private static final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String reason) {
      super(reason);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  /** A container that pings have reached. */
  private record Serving(InetSocketAddress address, Instant startedAt) {}

  private DockerInstance(
      DockerRuntime runtime,
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      String step,
      Optional<ContainerSpec> spec) {
    this.runtime = runtime;
    this.config = config;
    this.clock = clock;
    this.assignment = assignment;
    this.observed =
        new ObservedInstance(assignment.id(), new InstanceState.Starting(step), clock.instant());
    this.thread =
        Thread.ofVirtual()
            .name("instance-" + assignment.id().instance())
            .unstarted(() -> live(spec));
  }

  /** Makes one that is to be started. */
  static DockerInstance toStart(
      DockerRuntime runtime,
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      ContainerSpec spec) {
    return new DockerInstance(
        runtime, config, clock, assignment, "waiting for the container engine", Optional.of(spec));
  }

  /** Makes one that an earlier process has started. */
  static DockerInstance found(
      DockerRuntime runtime,
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      String container) {
    var instance =
        new DockerInstance(
            runtime, config, clock, assignment, "looking at what runs", Optional.empty());
    instance.container = container;
    instance.hasObjects = true;
    return instance;
  }

  void begin() {
    thread.start();
  }

  ObservedInstance observed() {
    return observed;
  }

  Assignment assignment() {
    return assignment;
  }

  /** Has it look at its container now if that is {@code endedContainer}. */
  void poke(String endedContainer) {
    if (endedContainer.equals(container)) {
      pokes.release();
    }
  }

  /** Waits until a found instance was pinged once, or failed. */
  boolean awaitFirstLook(long nanos) throws InterruptedException {
    return firstLook.await(nanos, TimeUnit.NANOSECONDS);
  }

  /** Begins to stop it; {@code gone} is called when nothing of it is left. Again does nothing. */
  void stop(Runnable gone) {
    synchronized (this) {
      if (isStopping) {
        return;
      }
      isStopping = true;
      observed =
          new ObservedInstance(assignment.id(), new InstanceState.Stopping(), clock.instant());
    }
    runtime.tell(assignment.id());
    runtime.fork(() -> {
      abandon();
      thread.join();
      if (hasObjects) {
        tearDown();
      }
      gone.run();
    });
  }

  /** Ends its thread and leaves the container as it is. */
  void abandon() {
    thread.interrupt();
  }

  // the life of an instance

  private void live(Optional<ContainerSpec> spec) {
    try {
      Serving serving = spec.isPresent() ? start(spec.get()) : takeUp();
      watch(serving);
    } catch (Failure e) {
      fail(e.reason());
    } catch (InterruptedException _) {
      // stopped, which goes on elsewhere, or left running for the next process
    } catch (EngineException e) {
      fail(FailureReason.notStarted(assignment, e.text(), "look at the engine's log"));
    } catch (RuntimeException e) {
      if (!runtime.isClosed()) {
        log.error("instance {} can't be run", assignment.id(), e);
      }
      fail(FailureReason.notStarted(assignment, String.valueOf(e), "look at Berth's log"));
    } finally {
      firstLook.countDown();
    }
  }

  private Serving start(ContainerSpec spec) throws Failure, InterruptedException {
    Deadline window = new Deadline(assignment.startupTimeout());
    Engine engine = awaitEngine(window);
    String digest = image(spec.image());
    var labels = new HashMap<>(assignment.labels(config.installation()));
    labels.put("dev.berth.image-digest", digest);
    create(engine, spec, labels);
    step("starting the container");
    startContainer(engine);
    log.info("instance {}: container {} runs {}", assignment.id(), container, digest);
    return comeUp(engine, new Deadline(assignment.startupTimeout()));
  }

  private Engine awaitEngine(Deadline window) throws Failure, InterruptedException {
    step("waiting for the container engine");
    Optional<Engine> engine = runtime.awaitEngine(window.left());
    return engine.orElseThrow(() ->
        new Failure(
            FailureReason.notStarted(
                assignment, runtime.engineProblem(), "start the engine, or set DOCKER_HOST")));
  }

  private String image(String image) throws Failure, InterruptedException {
    step("looking for image " + image);
    try {
      return runtime.images().ensure(image, progress -> step("pulling image: " + progress));
    } catch (EngineException e) {
      throw new Failure(
          FailureReason.notStarted(
              assignment,
              "image '%s' is not on the engine and can't be pulled: %s".formatted(image, e.text()),
              "build or load it on this machine, or 'docker tag' a local image with that name, or 'docker login' to its registry"));
    }
  }

  private void create(Engine engine, ContainerSpec spec, Map<String, String> labels)
      throws Failure {
    step("creating the container");
    hasObjects = true;
    try {
      try {
        createObjects(engine, spec, labels);
      } catch (EngineException.Refused e) {
        if (!e.isConflict()) {
          throw e;
        }
        removeObjects(engine, Duration.ZERO); // an answer lost on an earlier try
        createObjects(engine, spec, labels);
      }
    } catch (EngineException.Refused e) {
      throw new Failure(FailureReason.notStarted(assignment, e.text(), creationAdvice(e.text())));
    }
  }

  private void createObjects(Engine engine, ContainerSpec spec, Map<String, String> labels) {
    String name = assignment.objectName(config.installation());
    String network = engine.createNetwork(name, labels);
    container =
        engine.create(
            new Engine.Creation(
                name,
                spec.image(),
                spec.hostname().orElse(null),
                labels,
                environment(spec),
                mounts(spec),
                // Without model data the directory is there all the same, with what the image has.
                spec.modelDirectory().isPresent() ? List.of() : List.of(MODEL_DIRECTORY),
                name,
                !engine.isReachable(network)));
  }

  private static String creationAdvice(String text) {
    if (text.contains("address pool")) {
      return "the engine has no room for more networks: give it smaller ones with \"default-address-pools\" in daemon.json";
    }
    return "look at the engine's log";
  }

  private Map<String, String> environment(ContainerSpec spec) {
    var environment = new HashMap<String, String>();
    environment.put("AWS_REGION", config.region());
    environment.put("AWS_DEFAULT_REGION", config.region());
    environment.putAll(spec.environment());
    if (spec.multiModel().isPresent()) {
      environment.put("SAGEMAKER_MULTI_MODEL", "true"); // the platform's own are not overridden
    }
    return environment;
  }

  private static Map<String, String> mounts(ContainerSpec spec) {
    var mounts = new HashMap<String, String>();
    spec.modelDirectory().map(Path::toString).ifPresent(path -> mounts.put(MODEL_DIRECTORY, path));
    spec.additionalModelDirectories()
        .forEach((channel, path) -> mounts.put(ADDITIONAL_DIRECTORY + channel, path.toString()));
    return mounts;
  }

  private void startContainer(Engine engine) throws Failure {
    try {
      engine.start(container);
    } catch (EngineException.Refused e) {
      String advice =
          e.text().contains("executable file not found")
              ? "it runs as 'docker run %s serve': give the image an ENTRYPOINT, or an executable named serve on its PATH"
                  .formatted(assignment.image())
              : "try 'docker run %s serve'".formatted(assignment.image());
      throw new Failure(FailureReason.notStarted(assignment, e.text(), advice));
    }
  }

  /** Goes on with a container that an earlier process has made. */
  private Serving takeUp() throws Failure, InterruptedException {
    Engine engine = awaitEngine(new Deadline(assignment.startupTimeout()));
    ContainerStatus status = status(engine);
    switch (status.phase()) {
      case CREATED -> {
        startContainer(engine);
        return comeUp(engine, new Deadline(assignment.startupTimeout()));
      }
      case ENDED -> throw ended(engine, status, "while no Berth was watching");
      case RUNNING -> {}
    }
    log.info("instance {}: found container {} running", assignment.id(), container);
    InetSocketAddress address = address(status);
    Duration window =
        Duration.between(clock.instant(), status.startedAt().plus(assignment.startupTimeout()));
    boolean isHealthy = Ping.ask(address, config.health().attempt()) instanceof Ping.Healthy;
    if (!isHealthy && window.isPositive()) {
      return comeUp(engine, new Deadline(window));
    }
    // Past its window it was healthy before, or would not run any more: busy for now, perhaps.
    return serve(status);
  }

  /** Pings until the first healthy answer; starts a container that ends again, with pauses. */
  private Serving comeUp(Engine engine, Deadline window) throws Failure, InterruptedException {
    String last = "none was sent";
    int ends = 0;
    while (true) {
      try {
        ContainerStatus status = status(engine);
        if (!status.isRunning()) {
          ends++;
          Duration pause = config.health().pauseAfter(ends);
          if (pause.compareTo(window.left()) > 0) {
            throw crashed(engine, status, ends, last);
          }
          step("container %s; start %d in %s".formatted(status.end(), ends + 1, Words.of(pause)));
          TimeUnit.NANOSECONDS.sleep(pause.toNanos());
          startContainer(engine);
          pokes.drainPermits();
          continue;
        }
        switch (Ping.ask(address(status), config.health().attempt())) {
          case Ping.Healthy _ -> {
            return serve(status);
          }
          case Ping.Unhealthy(String what) -> last = what;
        }
        step("waiting for GET /ping: " + last);
      } catch (EngineException.Unavailable e) {
        last = e.text();
        TimeUnit.NANOSECONDS.sleep(ENGINE_PAUSE.toNanos());
      }
      if (window.isOver()) {
        throw late(engine, last);
      }
      rest(config.health().startInterval());
    }
  }

  private Serving serve(ContainerStatus status) throws Failure {
    InetSocketAddress address = address(status);
    enter(new InstanceState.InService(List.of(new Target.Http(address))));
    firstLook.countDown();
    return new Serving(address, status.startedAt());
  }

  /** Pings for as long as it is healthy, and never returns. */
  private void watch(Serving serving) throws Failure, InterruptedException {
    Engine engine = awaitEngine(new Deadline(assignment.startupTimeout()));
    int failures = 0;
    while (true) {
      boolean isPoked = rest(config.health().interval());
      Ping ping =
          isPoked
              ? new Ping.Unhealthy("the engine told of its end")
              : Ping.ask(serving.address(), config.health().attempt());
      if (!(ping instanceof Ping.Unhealthy(String what))) {
        failures = 0;
        continue;
      }
      failures++;
      checkAlive(engine, serving);
      if (failures >= config.health().threshold()) {
        throw new Failure(
            FailureReason.unhealthy(
                assignment,
                "%d pings in a row failed after it had been healthy; the last: %s"
                    .formatted(failures, what),
                lastLines(engine),
                "find out in its log what it is busy with"));
      }
    }
  }

  private void checkAlive(Engine engine, Serving serving) throws Failure {
    ContainerStatus status;
    try {
      status = status(engine);
    } catch (EngineException.Unavailable e) {
      log.warn("instance {}: {}", assignment.id(), e.text());
      return; // its pings decide
    }
    if (!status.isRunning()) {
      throw ended(engine, status, "while it was in service");
    }
    if (!status.startedAt().equals(serving.startedAt())) {
      throw new Failure(
          FailureReason.unhealthy(
              assignment,
              "container %s was restarted by someone else".formatted(container),
              lastLines(engine),
              "leave containers labelled dev.berth.* to Berth"));
    }
  }

  // what failed

  private Failure ended(Engine engine, ContainerStatus status, String when) {
    return new Failure(
        FailureReason.unhealthy(
            assignment,
            "container %s %s".formatted(status.end(), when),
            lastLines(engine),
            status.isOutOfMemory() ? "give it more memory, or a smaller model" : "see its log"));
  }

  private Failure crashed(Engine engine, ContainerStatus status, int ends, String last) {
    return new Failure(
        FailureReason.unhealthy(
            assignment,
            "container %s; it ended %d times within the startup timeout of %s; last ping: %s"
                .formatted(status.end(), ends, Words.of(assignment.startupTimeout()), last),
            lastLines(engine),
            "try 'docker run %s serve'".formatted(assignment.image())));
  }

  private Failure late(Engine engine, String last) {
    return new Failure(
        FailureReason.unhealthy(
            assignment,
            "no healthy answer within %s; last ping: %s"
                .formatted(Words.of(assignment.startupTimeout()), last),
            lastLines(engine),
            "have it answer GET /ping on 0.0.0.0:8080 with 200, or raise ContainerStartupHealthCheckTimeoutInSeconds"));
  }

  private List<String> lastLines(Engine engine) {
    try {
      return engine.lastLines(container, LOG_LINES);
    } catch (EngineException e) {
      return List.of("(its log can't be read: " + e.text() + ")");
    }
  }

  private void fail(String reason) {
    if (runtime.isClosed()) {
      return; // what failed is the connection that was taken away; the next process looks anew
    }
    if (enter(new InstanceState.Failed(reason))) {
      log.warn("instance {} failed: {}", assignment.id(), reason);
    }
  }

  // what the engine says

  private ContainerStatus status(Engine engine) throws Failure {
    return engine
        .status(container)
        .orElseThrow(() ->
            new Failure(
                FailureReason.unhealthy(
                    assignment,
                    "container %s was removed by someone else".formatted(container),
                    List.of(),
                    "leave containers labelled dev.berth.* to Berth")));
  }

  private InetSocketAddress address(ContainerStatus status) throws Failure {
    if (status.publishedPort().isPresent()) {
      return new InetSocketAddress(
          InetAddress.ofLiteral("127.0.0.1"), status.publishedPort().getAsInt());
    }
    @Nullable String own = status.addresses().get(assignment.objectName(config.installation()));
    if (own == null) {
      throw new Failure(
          FailureReason.notStarted(
              assignment, "the engine gave it no address", "look at the engine's log"));
    }
    return new InetSocketAddress(InetAddress.ofLiteral(own), Engine.SERVING_PORT);
  }

  // its end

  private void tearDown() throws InterruptedException {
    while (true) {
      try {
        Optional<Engine> engine = runtime.awaitEngine(ENGINE_PAUSE);
        if (engine.isPresent()) {
          removeObjects(engine.get(), config.stopGrace());
          return;
        }
      } catch (EngineException e) {
        log.warn("instance {} can't be removed yet: {}", assignment.id(), e.text());
      }
      TimeUnit.NANOSECONDS.sleep(ENGINE_PAUSE.toNanos());
    }
  }

  /**
   * Removes all the engine has of it: by its labels, as an id may never have reached us; and until
   * it has none, as someone else's removal under way hides what is still to come.
   */
  private void removeObjects(Engine engine, Duration grace) {
    Map<String, String> mine = assignment.identity(config.installation());
    List<Engine.Labelled> containers;
    List<Engine.Labelled> networks;
    List<Engine.Labelled> volumes;
    do {
      containers = engine.containers(mine);
      for (Engine.Labelled found : containers) {
        if (!grace.isZero()) {
          engine.stop(found.id(), grace);
        }
        engine.remove(found.id());
      }
      networks = mine(engine.networks(Assignment.INSTALLATION, config.installation()), mine);
      networks.forEach(found -> engine.removeNetwork(found.id()));
      // They went with the container, unless someone else has removed that.
      volumes = mine(engine.volumes(Assignment.INSTALLATION, config.installation()), mine);
      volumes.forEach(found -> engine.removeVolume(found.id()));
    } while (!containers.isEmpty() || !networks.isEmpty() || !volumes.isEmpty());
  }

  private static List<Engine.Labelled> mine(List<Engine.Labelled> all, Map<String, String> labels) {
    return all.stream()
        .filter(found -> found.labels().entrySet().containsAll(labels.entrySet()))
        .toList();
  }

  // state

  private void step(String text) {
    synchronized (this) {
      if (!isStopping && observed.state() instanceof InstanceState.Starting) {
        observed =
            new ObservedInstance(
                assignment.id(), new InstanceState.Starting(text), observed.since());
      }
    }
  }

  private boolean enter(InstanceState next) {
    synchronized (this) {
      if (isStopping) {
        return false;
      }
      observed = new ObservedInstance(assignment.id(), next, clock.instant());
    }
    runtime.tell(assignment.id());
    return true;
  }

  /** Waits; returns whether it was woken because the container has ended. */
  private boolean rest(Duration duration) throws InterruptedException {
    boolean isPoked = pokes.tryAcquire(duration.toNanos(), TimeUnit.NANOSECONDS);
    pokes.drainPermits();
    return isPoked;
  }

  InstanceId id() {
    return assignment.id();
  }

  /** A point in time that no clock change moves. */
  private static final class Deadline {
    private final long end;

    Deadline(Duration window) {
      this.end = System.nanoTime() + window.toNanos();
    }

    Duration left() {
      return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    boolean isOver() {
      return left().isZero();
    }
  }
}
