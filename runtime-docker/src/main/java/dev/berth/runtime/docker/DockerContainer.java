package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.hosting.runtime.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One container of an instance: created, started, pinged until it is healthy, and watched from then
 * on. One thread at a time, but for {@link #poke}; which one, its {@link DockerInstance} says.
 */
final class DockerContainer {
  private static final Logger log = LoggerFactory.getLogger(DockerContainer.class);
  private static final String MODEL_DIRECTORY = "/opt/ml/model";
  private static final String ADDITIONAL_DIRECTORY = "/opt/ml/additional-model-data-sources/";
  private static final int LOG_LINES = 8;

  /** Label of images that serve on the port they are told, AWS's own. */
  private static final String BINDS_TO_PORT =
      "com.amazonaws.sagemaker.capabilities.accept-bind-to-port";

  /** Label of images that load and unload models while they serve, AWS's own. */
  private static final String MULTI_MODEL = "com.amazonaws.sagemaker.capabilities.multi-models";

  /** Label of one that is only what containers of models are made like. */
  private static final String ORIGINAL = "dev.berth.runs-models-apart";

  /** Between two questions to an engine that doesn't answer. */
  private static final Duration ENGINE_PAUSE = Duration.ofSeconds(1);

  private final DockerConfig config;
  private final InstantSource clock;
  private final Assignment assignment;
  private final Role role;
  private final Consumer<String> step;

  /** Released when the engine tells of its end, so that nobody waits for a ping. */
  private final Semaphore pokes = new Semaphore(0);

  /** Empty until it was created. */
  private volatile String id;

  private volatile Optional<ResolvedImage> resolved;

  /** Whether its models run in containers of their own, and it is only what they are made like. */
  private volatile boolean isOriginal;

  private volatile @Nullable ModelContainers modelContainers;

  /** How often it has ended while it came up, and how the last time. */
  private int ends;

  private @Nullable ContainerStatus lastEnd;

  /**
   * What is known of a container that may be on the engine already.
   *
   * @param id the engine's, empty when it is to be created
   * @param image what its image stands for
   * @param isOriginal whether it is only what containers of models are made like
   * @param isOfModel whether it is one of those
   */
  record Found(
      Role role, String id, Optional<ResolvedImage> image, boolean isOriginal, boolean isOfModel) {
    static Found none(Role role) {
      return new Found(role, "", Optional.empty(), false, false);
    }

    static Found of(Engine.Labelled container) {
      Map<String, String> labels = container.labels();
      return new Found(
          Role.read(labels),
          container.id(),
          Role.image(labels),
          "true".equals(labels.get(ORIGINAL)),
          labels.containsKey(ModelContainers.MODEL));
    }
  }

  /** A container that pings have reached. */
  record Serving(InetSocketAddress address, Instant startedAt) {}

  /**
   * @param found what the engine has of it
   * @param step told what it is doing now, for people
   */
  DockerContainer(
      DockerConfig config,
      InstantSource clock,
      Assignment assignment,
      Found found,
      Consumer<String> step) {
    this.config = config;
    this.clock = clock;
    this.assignment = assignment;
    this.role = found.role();
    this.id = found.id();
    this.resolved = found.image();
    this.isOriginal = found.isOriginal();
    this.step = step;
  }

  Role role() {
    return role;
  }

  Optional<ResolvedImage> resolved() {
    return resolved;
  }

  /** Has it looked at now if it is {@code endedContainer}. */
  void poke(String endedContainer) {
    if (endedContainer.equals(id)) {
      pokes.release();
    }
  }

  /** The engine's id of it; empty until it was created. */
  String id() {
    return id;
  }

  /** Returns what runs its models, if that is containers of their own. */
  Optional<ModelContainers> modelContainers() {
    return Optional.ofNullable(modelContainers);
  }

  boolean isOriginal() {
    return isOriginal;
  }

  // its start

  /** Returns its image, which is on the engine by then and fit for its role. */
  Images.Local image(ContainerSpec spec, Images images, Deployments deployments)
      throws ContainerFailure, InterruptedException {
    step.accept("looking for image " + role.image());
    Consumer<String> progress = words -> step.accept("pulling image: " + words);
    Images.Local image;
    try {
      image =
          deployments.find(
              assignment.id(),
              role.position(),
              known -> {
                ResolvedImage pin = spec.pinned().orElse(known);
                return pin == null
                    ? images.ensure(role.image(), spec.registry(), progress)
                    : images.ensure(role.image(), pin, spec.registry(), progress);
              });
    } catch (Images.ImageException e) {
      throw ContainerFailure.notStarted(role.name(), e.reason(), e.advice());
    } catch (EngineException.Refused e) {
      throw ContainerFailure.notStarted(
          role.name(),
          "image '%s' can't be had: %s".formatted(role.image(), e.text()),
          "look at the engine's log");
    }
    if (assignment.hasSeveralContainers()) {
      checkLabel(
          image,
          BINDS_TO_PORT,
          "have it serve on $SAGEMAKER_BIND_TO_PORT, and build it with this label");
    }
    if (role.isMultiModel()) {
      isOriginal =
          settings(spec).runsContainers() && !"true".equals(image.labels().get(MULTI_MODEL));
    }
    if (role.isMultiModel() && !isOriginal) {
      checkLabel(
          image,
          MULTI_MODEL,
          "have it answer POST, GET and DELETE under /models, and build it with this label; or set %s=containers in the model's Environment, and each model gets a container of its own"
              .formatted(MultiModelSettings.FALLBACK));
    }
    resolved = Optional.of(image.resolved());
    return image;
  }

  private MultiModelSettings settings(ContainerSpec spec) throws ContainerFailure {
    try {
      return MultiModelSettings.of(spec.environment());
    } catch (IllegalArgumentException e) {
      throw ContainerFailure.notStarted(
          role.name(), String.valueOf(e.getMessage()), "make the model anew without it");
    }
  }

  private void checkLabel(Images.Local image, String label, String advice) throws ContainerFailure {
    if (!"true".equals(image.labels().get(label))) {
      // AWS's text.
      throw ContainerFailure.notStarted(
          role.name(),
          "Your Ecr Image %s does not contain required %s=true Docker label(s)"
              .formatted(role.image(), label),
          advice);
    }
  }

  void create(
      Engine engine,
      ContainerSpec spec,
      Images.Local image,
      Limits limits,
      Optional<String> controlGroup,
      Networks.Place place) {
    var labels = new HashMap<>(assignment.labels(config.installation()));
    labels.putAll(role.labels(image.resolved()));
    if (isOriginal) {
      labels.put(ORIGINAL, "true");
    }
    boolean hasNeighbours = assignment.hasSeveralContainers();
    id =
        engine.create(
            new Engine.Creation(
                assignment.containerName(config.installation(), role),
                image.reference(),
                spec.hostname().orElse(hasNeighbours ? spec.name() : null),
                labels,
                environment(spec, place),
                mounts(spec),
                // Without model data the directory is there all the same, with what the image has.
                spec.modelDirectory().isPresent() || isOriginal
                    ? List.of()
                    : List.of(MODEL_DIRECTORY),
                place.network(),
                hasNeighbours ? List.of(spec.name()) : List.of(),
                limits,
                controlGroup,
                place.isReachable() ? OptionalInt.empty() : OptionalInt.of(role.port()),
                assignment.network().isIsolated()));
    place.others().forEach(network -> engine.connect(id, network));
    log.info(
        "instance {}: container {} is of {}", assignment.id(), id, image.resolved().reference());
  }

  private Map<String, String> environment(ContainerSpec spec, Networks.Place place) {
    var environment = new HashMap<>(place.environment());
    environment.put("AWS_REGION", config.region());
    environment.put("AWS_DEFAULT_REGION", config.region());
    environment.putAll(spec.environment());
    // The platform's own are not overridden.
    boolean hasModels = spec.multiModel().isPresent() && !isOriginal;
    if (hasModels) {
      environment.put("SAGEMAKER_MULTI_MODEL", "true");
    }
    if (assignment.hasSeveralContainers()) {
      environment.put("SAGEMAKER_BIND_TO_PORT", Integer.toString(role.port()));
    }
    if (assignment.hasSeveralContainers() || hasModels) {
      environment.put("SAGEMAKER_SAFE_PORT_RANGE", role.safePorts());
    }
    return environment;
  }

  private Map<String, String> mounts(ContainerSpec spec) {
    var mounts = new HashMap<String, String>();
    if (role.isMultiModel() && !isOriginal) {
      models().create();
      mounts.put(ModelFolder.MOUNT, models().root().toString());
    }
    spec.modelDirectory().map(Path::toString).ifPresent(path -> mounts.put(MODEL_DIRECTORY, path));
    spec.additionalModelDirectories()
        .forEach((channel, path) -> mounts.put(ADDITIONAL_DIRECTORY + channel, path.toString()));
    return mounts;
  }

  /** What a multi-model container sees of its models. */
  ModelFolder models() {
    return new ModelFolder(config.models().resolve(assignment.id().instance()));
  }

  /** Returns where it takes invocations. */
  Target target(Engine engine, Serving serving, HttpClient http) {
    if (!role.isMultiModel()) {
      return new Target.Http(serving.address());
    }
    Engine.Made made = engine.made(id);
    MultiModelSettings settings = MultiModelSettings.of(made.environment());
    long memoryBytes = settings.memoryBytes(made.memoryBytes());
    if (isOriginal) {
      var host =
          new ModelContainers(
              engine, config, new Place(made.name(), settings.maxContainers(), memoryBytes));
      host.takeUp();
      modelContainers = host;
      return new Target.MultiModel(host);
    }
    var memory =
        new ModelMemory(memoryBytes, () -> engine.memoryBytes(id), Thread::startVirtualThread);
    return new Target.MultiModel(new ContainerModelHost(http, serving.address(), models(), memory));
  }

  /** Where the containers of its models are: where it is. */
  private final class Place implements ModelContainers.Place {
    private final String name;
    private final int room;
    private final long memoryBytes;

    Place(String name, int room, long memoryBytes) {
      this.name = name;
      this.room = room;
      this.memoryBytes = memoryBytes;
    }

    @Override
    public String original() {
      return id;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int room() {
      return room;
    }

    @Override
    public long memoryBytes() {
      return memoryBytes;
    }

    @Override
    public Map<String, String> identity() {
      return assignment.identity(config.installation());
    }

    @Override
    public Optional<InetSocketAddress> address(ContainerStatus status) {
      return DockerContainer.this.reachable(status);
    }
  }

  boolean start(Engine engine) throws ContainerFailure {
    if (isOriginal) {
      return false;
    }
    step.accept("starting the container");
    try {
      engine.start(id);
      return true;
    } catch (EngineException.Refused e) {
      throw ContainerFailure.notStarted(role.name(), e.text(), startAdvice(e.text()));
    }
  }

  private String startAdvice(String text) {
    if (text.contains("executable file not found")) {
      return "it runs as 'docker run %s serve': give the image an ENTRYPOINT, or an executable named serve on its PATH"
          .formatted(role.image());
    }
    if (text.contains("gpu") || text.contains("nvidia")) {
      return "type %s has GPUs: install the NVIDIA Container Toolkit for the engine, or choose a type without, such as ml.m5.xlarge"
          .formatted(assignment.instanceType().orElse(""));
    }
    return tryServe();
  }

  /** Goes on with a container that an earlier process has made. */
  Serving takeUp(Engine engine) throws ContainerFailure, InterruptedException {
    ContainerStatus status = status(engine);
    if (isOriginal) {
      return unserved(status);
    }
    switch (status.phase()) {
      case CREATED -> {
        start(engine);
        return comeUp(engine, new Deadline(assignment.startupTimeout()));
      }
      case ENDED ->
          throw ContainerFailure.lost(
              role.name(),
              "container %s while no Berth was watching".formatted(status.end()),
              lastLines(engine),
              endAdvice(status));
      case RUNNING -> {}
    }
    log.info("instance {}: found container {} running", assignment.id(), id);
    InetSocketAddress address = address(status);
    Duration window =
        Duration.between(clock.instant(), status.startedAt().plus(assignment.startupTimeout()));
    boolean isHealthy = Ping.ask(address, config.health().attempt()) instanceof Ping.Healthy;
    if (!isHealthy && window.isPositive()) {
      return comeUp(engine, new Deadline(window));
    }
    // Past its window it was healthy before, or would not run any more: busy for now, perhaps.
    return new Serving(address, status.startedAt());
  }

  /** Pings until the first healthy answer; starts a container that ends again, with pauses. */
  Serving comeUp(Engine engine, Deadline window) throws ContainerFailure, InterruptedException {
    String last = "none was sent";
    if (isOriginal) {
      return unserved(status(engine));
    }
    while (true) {
      try {
        ContainerStatus status = status(engine);
        if (!status.isRunning()) {
          ends++;
          lastEnd = status;
          Duration pause = config.health().pauseAfter(ends);
          if (pause.compareTo(window.left()) > 0) {
            throw crashed(engine, status, last);
          }
          step.accept(
              "container %s; start %d in %s".formatted(status.end(), ends + 1, Words.of(pause)));
          TimeUnit.NANOSECONDS.sleep(pause.toNanos());
          start(engine);
          pokes.drainPermits();
          continue;
        }
        InetSocketAddress address = address(status);
        switch (firstPing(address)) {
          case Ping.Healthy _ -> {
            step.accept("");
            return new Serving(address, status.startedAt());
          }
          case Ping.Unhealthy(String what) -> last = what;
        }
        step.accept("waiting for GET /ping: " + last);
      } catch (EngineException.Unavailable e) {
        last = e.text();
        TimeUnit.NANOSECONDS.sleep(ENGINE_PAUSE.toNanos());
      }
      if (window.isOver()) {
        throw lastEnd == null ? late(engine, last) : crashed(engine, lastEnd, last);
      }
      rest(config.health().startInterval());
    }
  }

  /** It takes no requests itself. */
  private Serving unserved(ContainerStatus status) {
    step.accept("");
    return new Serving(new InetSocketAddress(role.port()), status.startedAt());
  }

  /** One with many models has to list them, too, before it is healthy. */
  private Ping firstPing(InetSocketAddress address) throws InterruptedException {
    Ping ping = Ping.ask(address, config.health().attempt());
    if (!role.isMultiModel() || ping instanceof Ping.Unhealthy) {
      return ping;
    }
    return Ping.ask(address, "/models", config.health().attempt())
            instanceof Ping.Unhealthy(String what)
        ? new Ping.Unhealthy("GET /models, which Mode MultiModel needs: " + what)
        : ping;
  }

  // its service

  /** Pings for as long as it is healthy; returns why it no longer is. */
  ContainerFailure watch(Engine engine, Serving serving) throws InterruptedException {
    int failures = 0;
    while (true) {
      boolean isPoked = rest(config.health().interval());
      if (isOriginal) {
        Optional<ContainerFailure> end = end(engine, serving);
        if (end.isPresent()) {
          return end.get();
        }
        continue;
      }
      Ping ping =
          isPoked
              ? new Ping.Unhealthy("the engine told of its end")
              : Ping.ask(serving.address(), config.health().attempt());
      if (!(ping instanceof Ping.Unhealthy(String what))) {
        failures = 0;
        continue;
      }
      failures++;
      Optional<ContainerFailure> end = end(engine, serving);
      if (end.isPresent()) {
        return end.get();
      }
      if (failures >= config.health().threshold()) {
        return unwell(
            engine,
            "%d pings in a row failed after it had been healthy; the last: %s"
                .formatted(failures, what));
      }
    }
  }

  /** Looks once at a container in service; returns why it is unhealthy, if it is. */
  Optional<ContainerFailure> look(Engine engine, Serving serving) throws InterruptedException {
    if (isOriginal) {
      return end(engine, serving);
    }
    return switch (Ping.ask(serving.address(), config.health().attempt())) {
      case Ping.Healthy _ -> Optional.empty();
      case Ping.Unhealthy(String what) ->
          end(engine, serving)
              .or(() -> Optional.of(unwell(engine, "its last ping failed too: " + what)));
    };
  }

  /** Returns whether it still is what was pinged. */
  boolean isStill(Engine engine, Serving serving) throws ContainerFailure {
    ContainerStatus status = status(engine);
    return isOriginal || (status.isRunning() && status.startedAt().equals(serving.startedAt()));
  }

  /** Returns how it ended, if it no longer is what was pinged. */
  private Optional<ContainerFailure> end(Engine engine, Serving serving) {
    try {
      ContainerStatus status = status(engine);
      if (isOriginal) {
        return Optional.empty(); // it is there, which is all it is for
      }
      if (!status.isRunning()) {
        return Optional.of(ended(engine, status));
      }
      if (status.startedAt().equals(serving.startedAt())) {
        return Optional.empty();
      }
      return Optional.of(
          unhealthy(
              engine,
              "container %s was restarted by someone else".formatted(id),
              "leave containers labelled dev.berth.* to Berth"));
    } catch (EngineException.Unavailable e) {
      log.warn("instance {}: {}", assignment.id(), e.text());
      return Optional.empty(); // its pings decide
    } catch (ContainerFailure gone) {
      return Optional.of(gone);
    }
  }

  // what failed

  private ContainerFailure ended(Engine engine, ContainerStatus status) {
    return unhealthy(
        engine, "container %s while it was in service".formatted(status.end()), endAdvice(status));
  }

  private static String endAdvice(ContainerStatus status) {
    return status.isOutOfMemory() ? "give it more memory, or a smaller model" : "see its log";
  }

  private ContainerFailure unwell(Engine engine, String cause) {
    return unhealthy(engine, cause, "find out in its log what it is busy with");
  }

  private ContainerFailure crashed(Engine engine, ContainerStatus status, String last) {
    return unhealthy(
        engine,
        "container %s; it ended %d times within the startup timeout of %s; last ping: %s"
            .formatted(status.end(), ends, Words.of(assignment.startupTimeout()), last),
        tryServe());
  }

  private ContainerFailure late(Engine engine, String last) {
    return unhealthy(
        engine,
        "no healthy answer within %s; last ping: %s"
            .formatted(Words.of(assignment.startupTimeout()), last),
        "have it answer GET /ping on 0.0.0.0:%s with 200, or raise ContainerStartupHealthCheckTimeoutInSeconds"
            .formatted(
                assignment.hasSeveralContainers()
                    ? "$SAGEMAKER_BIND_TO_PORT (%d)".formatted(role.port())
                    : role.port()));
  }

  private String tryServe() {
    return "try 'docker run %s serve'".formatted(role.image());
  }

  private ContainerFailure unhealthy(Engine engine, String cause, String advice) {
    return ContainerFailure.unhealthy(role.name(), cause, lastLines(engine), advice);
  }

  private List<String> lastLines(Engine engine) {
    try {
      return engine.lastLines(id, LOG_LINES);
    } catch (EngineException e) {
      return List.of("(its log can't be read: " + e.text() + ")");
    }
  }

  // what the engine says

  private ContainerStatus status(Engine engine) throws ContainerFailure {
    return engine
        .status(id)
        .orElseThrow(() ->
            ContainerFailure.unhealthy(
                role.name(),
                "container %s was removed by someone else".formatted(id),
                List.of(),
                "leave containers labelled dev.berth.* to Berth"));
  }

  private InetSocketAddress address(ContainerStatus status) throws ContainerFailure {
    return reachable(status)
        .orElseThrow(() ->
            ContainerFailure.notStarted(
                role.name(), "the engine gave it no address", "look at the engine's log"));
  }

  private Optional<InetSocketAddress> reachable(ContainerStatus status) {
    if (status.publishedPort().isPresent()) {
      return Optional.of(
          new InetSocketAddress(
              InetAddress.ofLiteral("127.0.0.1"), status.publishedPort().getAsInt()));
    }
    return Optional.ofNullable(
            status.addresses().get(assignment.networkName(config.installation())))
        .map(own -> new InetSocketAddress(InetAddress.ofLiteral(own), role.port()));
  }

  /** Waits; returns whether it was woken because the container has ended. */
  private boolean rest(Duration duration) throws InterruptedException {
    boolean isPoked = pokes.tryAcquire(duration.toNanos(), TimeUnit.NANOSECONDS);
    pokes.drainPermits();
    return isPoked;
  }
}
