package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.runtime.docker.DockerContainer.Found;
import dev.berth.runtime.docker.DockerContainer.Serving;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance: its containers in a network of their own, which share fate, and the virtual thread
 * that brings them up and watches them. Steps: Starting → InService, Failed or Lost, InService →
 * Failed, and from each of them → Stopping. The engine's objects go with {@link #stop} only; an
 * interrupted thread leaves them.
 */
final class DockerInstance {
  private static final Logger log = LoggerFactory.getLogger(DockerInstance.class);
  private static final Duration ENGINE_PAUSE = Duration.ofSeconds(1);

  private final DockerRuntime runtime;
  private final DockerConfig config;
  private final InstantSource clock;
  private final Assignment assignment;
  private final List<DockerContainer> containers;

  /** What containers of models, started by an earlier process, have mounted. */
  private final Set<Path> modelArtifacts;

  private final Thread thread;

  private final CountDownLatch firstLook = new CountDownLatch(1);
  private final CountDownLatch gone = new CountDownLatch(1);
  private volatile ObservedInstance observed;
  private volatile boolean hasObjects;

  /** What people should know of its networks; empty if nothing. */
  private volatile String networkNote = "";

  /** What each container does, by position. Guarded by this. */
  private final Map<Integer, String> steps = new TreeMap<>();

  /** Guarded by this. */
  private boolean isStopping;

  /** Why it can't go on, as it becomes the FailureReason. */
  static final class InstanceFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean isLoss;

    InstanceFailure(Assignment assignment, List<ContainerFailure> failures) {
      super(FailureReason.of(assignment, failures), failures.getFirst());
      this.isLoss = failures.stream().anyMatch(ContainerFailure::isLoss);
    }

    String reason() {
      return String.valueOf(getMessage());
    }

    InstanceState state() {
      return isLoss ? new InstanceState.Lost(reason()) : new InstanceState.Failed(reason());
    }
  }

  private DockerInstance(
      DockerRuntime runtime,
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      List<Found> containers,
      String step,
      Optional<InstanceSpec> spec) {
    this.runtime = runtime;
    this.config = config;
    this.clock = clock;
    this.assignment = assignment;
    this.containers =
        containers.stream()
            .filter(found -> !found.isOfModel())
            .sorted(Comparator.comparingInt(found -> found.role().position()))
            .map(this::container)
            .toList();
    this.modelArtifacts =
        containers.stream()
            .filter(Found::isOfModel)
            .flatMap(found -> found.role().artifacts().stream())
            .collect(Collectors.toSet());
    this.observed =
        new ObservedInstance(
            assignment.id(), new InstanceState.Starting(step), clock.instant(), images(), "");
    this.thread =
        Thread.ofVirtual()
            .name("instance-" + assignment.id().instance())
            .unstarted(() -> live(spec));
  }

  private DockerContainer container(Found found) {
    return new DockerContainer(
        config, clock, assignment, found, step -> step(found.role().position(), step));
  }

  /** Makes one that is to be started. */
  static DockerInstance toStart(
      DockerRuntime runtime, DockerConfig config, InstantSource clock, InstanceSpec spec) {
    var roles = new ArrayList<Found>();
    for (ContainerSpec container : spec.containers()) {
      roles.add(Found.none(Role.of(roles.size(), container)));
    }
    return new DockerInstance(
        runtime,
        config,
        clock,
        Assignment.of(spec),
        roles,
        "waiting for the container engine",
        Optional.of(spec));
  }

  /**
   * Makes one that an earlier process has started.
   *
   * @param containers all that the engine has of it
   */
  static DockerInstance found(
      DockerRuntime runtime,
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      List<Found> containers) {
    var instance =
        new DockerInstance(
            runtime,
            config,
            clock,
            assignment,
            containers,
            "looking at what runs",
            Optional.empty());
    instance.hasObjects = true;
    return instance;
  }

  void begin() {
    thread.start();
  }

  Assignment assignment() {
    return assignment;
  }

  InstanceId id() {
    return assignment.id();
  }

  ObservedInstance observed() {
    return observed;
  }

  /** Tells what it is made of. */
  void teach(Deployments deployments) {
    for (DockerContainer container : containers) {
      container
          .resolved()
          .ifPresent(
              image -> deployments.learn(assignment.id(), container.role().position(), image));
    }
  }

  Set<Path> artifacts() {
    return Stream.concat(
            modelArtifacts.stream(),
            containers.stream().flatMap(container -> container.role().artifacts().stream()))
        .collect(Collectors.toSet());
  }

  /** Whether it has all its containers; one found without is of no use. */
  boolean isWhole() {
    return containers.size() == assignment.containers();
  }

  /** Has it look at the container {@code endedContainer} now if that is one of its own. */
  void poke(String endedContainer) {
    containers.forEach(container -> {
      container.poke(endedContainer);
      container
          .modelContainers()
          .ifPresent(models -> runtime.fork(() -> models.ended(endedContainer)));
    });
  }

  /** Waits until a found instance was pinged once, or failed. */
  boolean awaitFirstLook(long nanos) throws InterruptedException {
    return firstLook.await(nanos, TimeUnit.NANOSECONDS);
  }

  /** Begins to stop it; {@code then} is called when nothing of it is left. Again does nothing. */
  void stop(Runnable then) {
    synchronized (this) {
      if (isStopping) {
        return;
      }
      isStopping = true;
      observed = observed.in(new InstanceState.Stopping(), clock.instant());
    }
    runtime.tell(assignment.id());
    runtime.fork(() -> {
      abandon();
      thread.join();
      containers.forEach(
          container -> container.modelContainers().ifPresent(ModelContainers::close));
      if (hasObjects) {
        tearDown();
      }
      then.run();
      gone.countDown();
    });
  }

  synchronized boolean isStopping() {
    return isStopping;
  }

  /** Waits until nothing is left of one that is stopping; returns whether that is so. */
  boolean awaitGone(Duration patience) throws InterruptedException {
    return gone.await(patience.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Removes the containers of one that is stopping, however long they would take to end. */
  void hurry(Engine engine) {
    try {
      removeObjects(engine, Duration.ZERO);
    } catch (EngineException e) {
      log.warn("instance {} can't be removed yet: {}", assignment.id(), e.text());
    }
  }

  /** Ends its thread and leaves the containers as they are. */
  void abandon() {
    thread.interrupt();
    containers.forEach(container -> container.modelContainers().ifPresent(ModelContainers::rest));
  }

  // the life of an instance

  private void live(Optional<InstanceSpec> spec) {
    try {
      Engine engine = awaitEngine();
      Limits limits = Limits.of(assignment.instanceType(), engine.facts());
      know(images(), note(limits, ""));
      List<Serving> serving = patiently(engine, limits, spec);
      know(images(), note(limits, memoryNote(engine, limits)));
      enter(
          new InstanceState.InService(
              containers.stream()
                  .map(
                      container -> container.target(engine, of(container, serving), runtime.http()))
                  .toList()));
      firstLook.countDown();
      watch(engine, serving);
    } catch (InstanceFailure e) {
      fail(e);
    } catch (InterruptedException _) {
      // stopped, which goes on elsewhere, or left running for the next process
    } catch (EngineException e) {
      fail(failed(e.text(), "look at the engine's log"));
    } catch (RuntimeException e) {
      if (!runtime.isClosed()) {
        log.error("instance {} can't be run", assignment.id(), e);
      }
      fail(failed(String.valueOf(e), "look at Berth's log"));
    } finally {
      firstLook.countDown();
    }
  }

  private Engine awaitEngine() throws InstanceFailure, InterruptedException {
    step(0, "waiting for the container engine");
    Optional<Engine> engine = runtime.awaitEngine(assignment.startupTimeout());
    return engine.orElseThrow(
        () -> failed(runtime.engineProblem(), "start the engine, or set DOCKER_HOST"));
  }

  /** Begins again while the engine is away, as when it is restarted. */
  private List<Serving> patiently(Engine engine, Limits limits, Optional<InstanceSpec> spec)
      throws InstanceFailure, InterruptedException {
    Deadline window = new Deadline(assignment.startupTimeout());
    while (true) {
      try {
        return spec.isPresent() ? start(engine, limits, spec.get()) : takeUp(engine);
      } catch (EngineException.Unavailable e) {
        if (window.isOver()) {
          throw e;
        }
        step(0, e.text() + "; trying again");
        TimeUnit.NANOSECONDS.sleep(ENGINE_PAUSE.toNanos());
      }
    }
  }

  private List<Serving> start(Engine engine, Limits limits, InstanceSpec spec)
      throws InstanceFailure, InterruptedException {
    List<ContainerSpec> specs = spec.containers();
    List<Images.Local> images =
        all(container ->
            container.image(
                specs.get(container.role().position()), runtime.images(), runtime.deployments()));
    know(images(), note(limits, ""));
    Optional<String> group = controlGroup(engine, limits);
    create(
        engine,
        place -> {
          for (DockerContainer container : containers) {
            int i = container.role().position();
            container.create(engine, specs.get(i), images.get(i), limits, group, place);
          }
        });
    all(container -> container.start(engine));
    return comeUp(engine, new Deadline(assignment.startupTimeout()));
  }

  /**
   * Creates all it has on the engine.
   *
   * @param inPlace creates the containers there
   */
  private void create(Engine engine, Consumer<Networks.Place> inPlace)
      throws InstanceFailure, InterruptedException {
    step(0, "creating the containers");
    hasObjects = true;
    try {
      try {
        inPlace.accept(makeNetworks());
      } catch (EngineException.Refused e) {
        if (!e.isConflict()) {
          throw e;
        }
        removeObjects(engine, Duration.ZERO); // an answer lost on an earlier try
        inPlace.accept(makeNetworks());
      }
    } catch (EngineException.Refused e) {
      throw failed(e.text(), creationAdvice(e.text()));
    }
  }

  private Networks.Place makeNetworks() throws InstanceFailure, InterruptedException {
    try {
      Networks.Place place = runtime.networks().make(assignment);
      networkNote = place.note();
      return place;
    } catch (Networks.NetworkException e) {
      throw failed(e.reason(), e.advice());
    }
  }

  /** Returns the group that bounds the memory of all its containers together, where one can. */
  private Optional<String> controlGroup(Engine engine, Limits limits) {
    if (!needsGroup(limits) || ControlGroups.obstacle(engine.facts()).isPresent()) {
      return Optional.empty();
    }
    try {
      hasObjects = true;
      return Optional.of(runtime.groups().make(assignment, limits.memoryBytes()));
    } catch (IOException e) {
      log.warn("instance {} gets no control group of its own: {}", assignment.id(), e.toString());
      return Optional.empty();
    }
  }

  /** A lone container's own limit is the instance's; those of models may be many. */
  private boolean needsGroup(Limits limits) {
    boolean hasSeveral =
        assignment.hasSeveralContainers()
            || containers.stream().anyMatch(DockerContainer::isOriginal);
    return hasSeveral && limits.memoryBytes() > 0;
  }

  /** Returns what is to be said of its containers' memory once all run; empty if nothing. */
  private String memoryNote(Engine engine, Limits limits) {
    List<String> ids =
        containers.stream()
            .filter(container -> !container.isOriginal())
            .map(DockerContainer::id)
            .toList();
    if (!assignment.hasSeveralContainers()
        || !needsGroup(limits)
        || runtime.groups().holds(assignment, ids, limits.memoryBytes())) {
      return "";
    }
    return limits.unbounded(
        containers.size(),
        ControlGroups.obstacle(engine.facts())
            .orElse("Berth may not make control groups here, which takes root"));
  }

  /**
   * Returns what people should know of it: what was asked for and isn't so on this engine.
   *
   * @param memory of that, what concerns its containers' memory
   */
  private String note(Limits limits, String memory) {
    var notes = new ArrayList<String>();
    if (!limits.note().isEmpty()) {
      notes.add(limits.note());
    }
    if (!memory.isEmpty()) {
      notes.add(memory);
    }
    List<String> groups = assignment.network().securityGroups();
    if (!groups.isEmpty() && !assignment.network().isIsolated()) {
      notes.add(
          "security groups (%s) are not enforced: an engine has no rules for them"
              .formatted(String.join(", ", groups)));
    }
    if (!networkNote.isEmpty()) {
      notes.add(networkNote);
    }
    if (containers.stream().anyMatch(DockerContainer::isOriginal)) {
      notes.add("each model runs in a container of its own");
    }
    return String.join("; ", notes);
  }

  private static String creationAdvice(String text) {
    if (text.contains("requests for gpus")) {
      return "use Docker with the NVIDIA Container Toolkit, or choose an instance type without GPUs";
    }
    if (text.contains("address pool")) {
      return "the engine has no room for more networks: give it smaller ones with \"default-address-pools\" in daemon.json";
    }
    return "look at the engine's log";
  }

  private List<Serving> takeUp(Engine engine) throws InstanceFailure, InterruptedException {
    return all(container -> container.takeUp(engine));
  }

  /** Waits until each was healthy, and all still run. */
  private List<Serving> comeUp(Engine engine, Deadline window)
      throws InstanceFailure, InterruptedException {
    while (true) {
      List<Serving> serving = all(container -> container.comeUp(engine, window));
      if (!assignment.hasSeveralContainers()
          || !all(container -> container.isStill(engine, of(container, serving))).contains(false)) {
        return serving;
      }
    }
  }

  /** Watches all, and never returns: when one has failed, it looks who else has. */
  private void watch(Engine engine, List<Serving> serving)
      throws InstanceFailure, InterruptedException {
    ContainerFailure first;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var ends = new ExecutorCompletionService<ContainerFailure>(threads);
      for (DockerContainer container : containers) {
        ends.submit(() -> container.watch(engine, of(container, serving)));
      }
      if (assignment.network().isIsolated()) {
        String name = containers.getFirst().role().name();
        ends.submit(() -> runtime.networks().watchIsolation(name));
      }
      try {
        first = ends.take().get();
      } catch (ExecutionException e) {
        throw unexpected(e);
      } finally {
        threads.shutdownNow();
      }
    }
    var failures = new ArrayList<ContainerFailure>();
    for (DockerContainer container : containers) {
      if (first.containers().contains(container.role().name())) {
        failures.add(first);
      } else {
        container.look(engine, of(container, serving)).ifPresent(failures::add);
      }
    }
    throw new InstanceFailure(assignment, failures);
  }

  private static Serving of(DockerContainer container, List<Serving> serving) {
    return serving.get(container.role().position());
  }

  /** What is done with each container. */
  @FunctionalInterface
  private interface Work<T> {
    T with(DockerContainer container) throws ContainerFailure, InterruptedException;
  }

  /**
   * Does the same with all containers at the same time.
   *
   * @return what it gave, in the containers' order
   * @throws InstanceFailure that names all it failed with
   */
  private <T> List<T> all(Work<T> work) throws InstanceFailure, InterruptedException {
    var results = new ArrayList<T>();
    var failures = new ArrayList<ContainerFailure>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<T> done :
          threads.invokeAll(
              containers.stream()
                  .map(container -> (Callable<T>) () -> work.with(container))
                  .toList())) {
        try {
          results.add(done.get());
        } catch (ExecutionException e) {
          if (e.getCause() instanceof ContainerFailure failure) {
            failures.add(failure);
          } else {
            throw unexpected(e);
          }
        }
      }
    }
    if (!failures.isEmpty()) {
      throw new InstanceFailure(assignment, failures);
    }
    return results;
  }

  private static RuntimeException unexpected(ExecutionException e) throws InterruptedException {
    if (e.getCause() instanceof InterruptedException interrupted) {
      throw interrupted;
    }
    return e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
  }

  private InstanceFailure failed(String cause, String advice) {
    List<String> names = containers.stream().map(container -> container.role().name()).toList();
    return new InstanceFailure(
        assignment, List.of(ContainerFailure.notStarted(names, cause, advice)));
  }

  private void fail(InstanceFailure failure) {
    if (runtime.isClosed()) {
      return; // what failed is the connection that was taken away; the next process looks anew
    }
    if (enter(failure.state())) {
      log.warn("instance {} failed: {}", assignment.id(), failure.reason());
    }
  }

  // its end

  private void tearDown() throws InterruptedException {
    while (true) {
      try {
        Optional<Engine> engine = runtime.awaitEngine(ENGINE_PAUSE);
        if (engine.isPresent()) {
          removeObjects(engine.get(), config.stopGrace());
          runtime.networks().release(assignment);
          runtime.groups().remove(assignment);
          removeModels();
          return;
        }
      } catch (EngineException e) {
        log.warn("instance {} can't be removed yet: {}", assignment.id(), e.text());
      }
      TimeUnit.NANOSECONDS.sleep(ENGINE_PAUSE.toNanos());
    }
  }

  private void removeModels() {
    for (DockerContainer container : containers) {
      if (container.role().isMultiModel()) {
        try {
          container.models().delete();
        } catch (IOException e) {
          log.warn("{} stays", container.models().root(), e);
        }
      }
    }
  }

  /**
   * Removes all the engine has of it: by its labels, as an id may never have reached us; and until
   * it has none, as someone else's removal under way hides what is still to come.
   */
  private void removeObjects(Engine engine, Duration grace) {
    Map<String, String> mine = assignment.identity(config.installation());
    List<Engine.Labelled> found;
    List<Engine.Labelled> networks;
    List<Engine.Labelled> volumes;
    do {
      found = engine.containers(mine);
      stop(engine, found, grace);
      found.forEach(container -> engine.remove(container.id()));
      networks = mine(engine.networks(Assignment.INSTALLATION, config.installation()), mine);
      networks.forEach(network -> engine.removeNetwork(network.id()));
      // They went with the container, unless someone else has removed that.
      volumes = mine(engine.volumes(Assignment.INSTALLATION, config.installation()), mine);
      volumes.forEach(volume -> engine.removeVolume(volume.id()));
    } while (!found.isEmpty() || !networks.isEmpty() || !volumes.isEmpty());
  }

  /** Stops containers, whose times of grace run at the same time. */
  private static void stop(Engine engine, List<Engine.Labelled> containers, Duration grace) {
    if (grace.isZero()) {
      return;
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<? extends Future<?>> stops =
          containers.stream()
              .map(container -> threads.submit(() -> engine.stop(container.id(), grace)))
              .toList();
      for (Future<?> stopped : stops) {
        stopped.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof EngineException cause ? cause : new IllegalStateException(e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<Engine.Labelled> mine(List<Engine.Labelled> all, Map<String, String> labels) {
    return all.stream()
        .filter(found -> found.labels().entrySet().containsAll(labels.entrySet()))
        .toList();
  }

  // state

  /** Returns what the containers' images stand for; empty until that is known of all. */
  private List<ResolvedImage> images() {
    List<ResolvedImage> images =
        containers.stream().flatMap(container -> container.resolved().stream()).toList();
    return images.size() == containers.size() ? images : List.of();
  }

  private synchronized void know(List<ResolvedImage> images, String note) {
    observed =
        new ObservedInstance(observed.id(), observed.state(), observed.since(), images, note);
  }

  private void step(int position, String text) {
    synchronized (this) {
      steps.put(position, text);
      if (!isStopping && observed.state() instanceof InstanceState.Starting) {
        observed = observed.in(new InstanceState.Starting(words()), observed.since());
      }
    }
  }

  /** Guarded by this. */
  private String words() {
    return steps.entrySet().stream()
        .filter(step -> !step.getValue().isEmpty())
        .map(step ->
            assignment.hasSeveralContainers()
                ? containers.get(step.getKey()).role().name() + ": " + step.getValue()
                : step.getValue())
        .collect(Collectors.joining("; "));
  }

  private boolean enter(InstanceState next) {
    synchronized (this) {
      if (isStopping) {
        return false;
      }
      observed = observed.in(next, clock.instant());
    }
    runtime.tell(assignment.id());
    return true;
  }
}
