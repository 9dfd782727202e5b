package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import java.io.Closeable;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs container images on a Docker engine. Nothing is connected while no engine's socket is there;
 * where one is, what an earlier process left running is found in the background, and the first
 * {@link #instances()} waits a few seconds for it. Nor is anything where there never was a
 * container.
 */
public final class DockerRuntime implements ContainerRuntime {
  private static final Logger log = LoggerFactory.getLogger(DockerRuntime.class);

  /** How long a start of Berth waits for an engine that doesn't answer. */
  private static final Duration FIRST_ANSWER = Duration.ofSeconds(5);

  /** How long of it may go into the first pings of what was found. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(2);

  private static final Duration RETRY = Duration.ofSeconds(2);

  /** How long the end of this process waits for what it is stopping. */
  private static final Duration LAST_STOPS = Duration.ofSeconds(3);

  private final DockerConfig config;
  private final InstantSource clock;
  private final IsolationGuard guard;
  private final ControlGroups groups;
  private final Map<InstanceId, DockerInstance> instances = new ConcurrentHashMap<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final Deployments deployments = new Deployments();
  private final AtomicBoolean isTakingUp = new AtomicBoolean();
  private final CountDownLatch firstTry = new CountDownLatch(1);
  private final CountDownLatch takenUp = new CountDownLatch(1);
  private volatile String problem = "the container engine has not answered yet";
  private volatile @Nullable Connection connection;
  private final List<ChangeListener> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean isClosed;

  private record Connection(Engine engine, Images images, Networks networks) {}

  /** What to do before anything is made, null once that is done. Guarded by this. */
  private @Nullable Runnable firstUse;

  /** For multi-model containers; made with the first of them. Guarded by this. */
  private @Nullable HttpClient http;

  /** Work that ends when its thread is interrupted. */
  @FunctionalInterface
  interface Work {
    void run() throws InterruptedException;
  }

  /** Makes one that begins to look for what runs, if an engine's socket is there. */
  public DockerRuntime(DockerConfig config, InstantSource clock) {
    this(config, clock, new IsolationGuard());
  }

  DockerRuntime(DockerConfig config, InstantSource clock, IsolationGuard guard) {
    this(config, clock, guard, null);
    if (config.engine().obstacle().isEmpty()) {
      beginTakingUp();
    }
  }

  private DockerRuntime(
      DockerConfig config, InstantSource clock, IsolationGuard guard, @Nullable Runnable firstUse) {
    this.config = config;
    this.clock = clock;
    this.guard = guard;
    this.groups = new ControlGroups(config.installation());
    this.firstUse = firstUse;
  }

  /**
   * Makes one for a data folder that has had no containers: there are none to look for, and who
   * never has any doesn't pay for an engine's client.
   *
   * @param firstUse run once, before anything is made on the engine
   */
  public static DockerRuntime unused(DockerConfig config, InstantSource clock, Runnable firstUse) {
    return new DockerRuntime(config, clock, new IsolationGuard(), firstUse);
  }

  @Override
  public String name() {
    return "docker";
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.CUSTOM_IMAGE,
        Capability.SEVERAL_CONTAINERS,
        Capability.DIRECT_INVOCATION,
        Capability.NETWORK_ISOLATION,
        Capability.VPC,
        Capability.PRIVATE_REGISTRY,
        Capability.MULTI_MODEL);
  }

  @Override
  public Optional<String> refusal(String image) {
    return config
        .engine()
        .obstacle()
        .map(obstacle -> "image '%s' needs a container engine: %s".formatted(image, obstacle));
  }

  @Override
  public void start(InstanceSpec spec) {
    use();
    var instance = DockerInstance.toStart(this, config, clock, spec);
    if (instances.putIfAbsent(spec.id(), instance) == null) {
      tell(spec.id());
      instance.begin();
    }
  }

  @Override
  public void stop(InstanceId id) {
    DockerInstance instance = instances.get(id);
    if (instance != null) {
      instance.stop(() -> {
        instances.remove(id, instance);
        forgetDeployment(id);
        tell(id);
      });
    }
  }

  private void forgetDeployment(InstanceId gone) {
    boolean isLast =
        instances.keySet().stream()
            .noneMatch(id ->
                id.owner().equals(gone.owner())
                    && id.generation() == gone.generation()
                    && id.variant().equals(gone.variant()));
    if (isLast) {
      deployments.forget(gone);
    }
  }

  @Override
  public List<ObservedInstance> instances() {
    if (isTakingUp.get()) {
      try {
        boolean _ = firstTry.await(FIRST_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    return instances.values().stream().map(DockerInstance::observed).toList();
  }

  @Override
  public Set<Path> artifacts(InstanceId id) {
    DockerInstance instance = instances.get(id);
    return instance == null ? Set.of() : instance.artifacts();
  }

  @Override
  public void onChange(ChangeListener listener) {
    listeners.add(listener);
  }

  /**
   * Lets go of the engine; containers go on running for the next process. Those that are stopping
   * get a few seconds to end: a job's are killed then, as nothing waits for them any more; others
   * have their time of grace from the next process.
   */
  @Override
  public void close() {
    isClosed = true;
    endStops();
    threads.forEach(Thread::interrupt);
    instances.values().forEach(DockerInstance::abandon);
    Connection open = connection;
    if (open != null) {
      open.engine().close();
    }
    if (instances.isEmpty()) {
      groups.leave();
    }
    closeHttp();
  }

  private void endStops() {
    List<DockerInstance> stopping =
        instances.values().stream().filter(DockerInstance::isStopping).toList();
    Connection open = connection;
    if (stopping.isEmpty() || open == null) {
      return;
    }
    try {
      var patience = new Deadline(LAST_STOPS);
      for (DockerInstance instance : stopping) {
        boolean _ = instance.awaitGone(patience.left());
      }
      List<DockerInstance> late =
          stopping.stream()
              .filter(instance -> instance.id().owner().kind() == Owner.Kind.TRANSFORM_JOB)
              .filter(instance -> instances.containsKey(instance.id()))
              .toList();
      late.forEach(
          instance -> Thread.ofVirtual().name("hurry").start(() -> instance.hurry(open.engine())));
      patience = new Deadline(LAST_STOPS);
      for (DockerInstance instance : late) {
        boolean _ = instance.awaitGone(patience.left());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void closeHttp() {
    if (http != null) {
      http.shutdownNow();
    }
  }

  // for instances

  void tell(InstanceId id) {
    listeners.forEach(listener -> listener.changed(id));
  }

  boolean isClosed() {
    return isClosed;
  }

  /** Returns the client for the management of models. */
  synchronized HttpClient http() {
    HttpClient made = http;
    if (made == null) {
      made =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(config.health().attempt())
              .build();
      http = made;
    }
    return made;
  }

  /** Runs {@code work} on a thread that {@link #close} interrupts. */
  void fork(Work work) {
    Thread thread =
        Thread.ofVirtual()
            .unstarted(() -> {
              try {
                work.run();
              } catch (InterruptedException _) {
                // closed
              } finally {
                threads.remove(Thread.currentThread());
              }
            });
    threads.add(thread);
    thread.start();
  }

  /** Returns the engine once what runs on it is known; empty when it isn't in time. */
  Optional<Engine> awaitEngine(Duration patience) throws InterruptedException {
    Connection open = connection;
    if (open == null && takenUp.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
      open = connection;
    }
    return Optional.ofNullable(open).map(Connection::engine);
  }

  /** Why {@link #awaitEngine} was in vain. */
  String engineProblem() {
    return problem;
  }

  Images images() {
    return connected().images();
  }

  Networks networks() {
    return connected().networks();
  }

  private Connection connected() {
    Connection open = connection;
    if (open == null) {
      throw new IllegalStateException("no engine yet");
    }
    return open;
  }

  ControlGroups groups() {
    return groups;
  }

  Deployments deployments() {
    return deployments;
  }

  // taking up what runs

  private synchronized void use() {
    if (firstUse != null) {
      firstUse.run();
      firstUse = null;
    }
    beginTakingUp();
  }

  private void beginTakingUp() {
    if (isTakingUp.compareAndSet(false, true)) {
      fork(this::takeUp);
    }
  }

  private void takeUp() throws InterruptedException {
    @Nullable Engine engine = null;
    while (engine == null) {
      try {
        engine = connect();
      } catch (EngineException e) {
        problem = e.text();
        log.warn("{}; trying again every {}", problem, Words.of(RETRY));
        firstTry.countDown();
        TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
      }
    }
    watchEnds(engine);
  }

  private Engine connect() throws InterruptedException {
    Optional<String> obstacle = config.engine().obstacle();
    if (obstacle.isPresent()) {
      throw new EngineException.Unavailable(obstacle.get(), new IOException("no socket"));
    }
    var engine = new Engine(config.engine().present().orElseThrow());
    try {
      String version = engine.facts().version();
      List<DockerInstance> found = adopt(engine);
      var networks = new Networks(engine, config, guard);
      takeUp(networks, found);
      connection = new Connection(engine, new Images(engine, config.access()), networks);
      takenUp.countDown();
      found.forEach(this::goOnWith);
      long end = System.nanoTime() + FIRST_LOOK.toNanos();
      for (DockerInstance instance : found) {
        boolean _ = instance.awaitFirstLook(end - System.nanoTime());
      }
      firstTry.countDown();
      found.forEach(instance -> tell(instance.id()));
      log.info(
          "container engine {} at {}: {} instances found", version, engine.address(), found.size());
      return engine;
    } catch (EngineException e) {
      engine.close();
      throw e;
    }
  }

  private void takeUp(Networks networks, List<DockerInstance> found) throws InterruptedException {
    Set<Assignment> assignments =
        found.stream().map(DockerInstance::assignment).collect(Collectors.toSet());
    networks.takeUp(assignments);
    groups.retain(assignments);
    // It waits for the server to be there, and the server waits for what is found.
    fork(() -> networks.takeUpRoles(assignments));
  }

  /** What lacks a container was never started whole, or lost one: it makes room for another. */
  private void goOnWith(DockerInstance instance) {
    if (instance.isWhole()) {
      instance.begin();
    } else {
      log.warn("instance {} lacks some of its containers; removing the others", instance.id());
      stop(instance.id());
    }
  }

  /**
   * Puts what is ours into {@link #instances}, and removes networks and volumes that nobody needs.
   */
  private List<DockerInstance> adopt(Engine engine) {
    String installation = config.installation();
    var containers = engine.containers(Map.of(Assignment.INSTALLATION, installation));
    var networks = engine.networks(Assignment.INSTALLATION, installation);
    var volumes = engine.volumes(Assignment.INSTALLATION, installation);
    var found = new ArrayList<DockerInstance>();
    byInstance(engine, containers)
        .forEach((assignment, parts) -> {
          var instance = DockerInstance.found(this, config, clock, assignment, parts);
          instance.teach(deployments);
          if (instances.putIfAbsent(instance.id(), instance) == null) {
            found.add(instance);
          }
        });
    for (Engine.Labelled network : networks) {
      if (Networks.isSubnet(network)) {
        continue;
      }
      Optional<Assignment> assignment = Assignment.read(network.labels());
      if (assignment.isEmpty() || !instances.containsKey(assignment.get().id())) {
        log.info("removing network {}, whose container is gone", network.name());
        engine.removeNetwork(network.id());
      }
    }
    for (Engine.Labelled volume : volumes) {
      Optional<Assignment> assignment = Assignment.read(volume.labels());
      if (assignment.isEmpty() || !instances.containsKey(assignment.get().id())) {
        engine.removeVolume(volume.id());
      }
    }
    return found;
  }

  /** Returns the containers of each instance, and removes those that are of none. */
  private static Map<Assignment, List<DockerContainer.Found>> byInstance(
      Engine engine, List<Engine.Labelled> containers) {
    var parts = new HashMap<Assignment, List<DockerContainer.Found>>();
    for (Engine.Labelled container : containers) {
      Optional<Assignment> assignment = Assignment.read(container.labels());
      if (assignment.isEmpty()) {
        log.warn("removing container {}, whose labels are not whole", container.name());
        engine.remove(container.id());
      } else {
        parts
            .computeIfAbsent(assignment.get(), _ -> new ArrayList<>())
            .add(DockerContainer.Found.of(container));
      }
    }
    return parts;
  }

  /** Has instances look at containers that end, as soon as the engine tells of them. */
  private void watchEnds(Engine engine) throws InterruptedException {
    while (!isClosed) {
      var over = new CountDownLatch(1);
      try (Closeable _ =
          engine.watchEnds(
              Assignment.INSTALLATION, config.installation(), this::poke, over::countDown)) {
        over.await();
      } catch (EngineException | IOException e) {
        log.debug("the engine's events broke off", e); // pings go on, and see the same later
      }
      TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
    }
  }

  private void poke(String container) {
    instances.values().forEach(instance -> instance.poke(container));
  }
}
