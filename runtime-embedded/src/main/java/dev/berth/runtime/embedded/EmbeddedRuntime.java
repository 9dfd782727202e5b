package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.InstanceType;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Target;
import dev.berth.runtime.embedded.serving.ServedModel;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs XGBoost, LightGBM and ONNX models inside this JVM. It stands in for AWS's built-in XGBoost
 * images, of any account, region and tag, and for {@code berth/xgboost}, {@code berth/lightgbm} and
 * {@code berth/onnx}.
 *
 * <p>An instance is a hold on a loaded model; instances of the same model data and environment
 * share one. Several containers, each with a model of its own, are one instance; what needs a real
 * one (isolation, other images …) it does not do.
 */
public final class EmbeddedRuntime implements ContainerRuntime {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedRuntime.class);

  /** In a multi-model model's Environment: memory for its models in each instance, in bytes. */
  private static final String MEMORY_VARIABLE = "BERTH_MULTI_MODEL_MEMORY_BYTES";

  private final InstantSource clock;
  private final SharedModels models;
  private final ModelMemory memory;
  private final Map<InstanceId, EmbeddedInstance> instances = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<ChangeListener> listeners = new CopyOnWriteArrayList<>();

  /**
   * Makes one that loads up to half as many models at a time as there are processors, and that has
   * three fifths of the heap for the models of multi-model endpoints.
   */
  public EmbeddedRuntime(InstantSource clock) {
    this(clock, ModelMemory.defaultBytes());
  }

  /**
   * Makes one that loads up to half as many models at a time as there are processors.
   *
   * @param multiModelBytes memory for the models of all multi-model endpoints together
   */
  public EmbeddedRuntime(InstantSource clock, long multiModelBytes) {
    this(
        clock,
        ModelLoader.ofAllFormats(),
        Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
        multiModelBytes);
  }

  EmbeddedRuntime(InstantSource clock, ModelLoader loader, int concurrentLoads) {
    this(clock, loader, concurrentLoads, ModelMemory.defaultBytes());
  }

  private EmbeddedRuntime(
      InstantSource clock, ModelLoader loader, int concurrentLoads, long multiModelBytes) {
    this.clock = clock;
    this.models = new SharedModels(loader, concurrentLoads);
    this.memory = new ModelMemory(multiModelBytes);
  }

  @Override
  public String name() {
    return "embedded";
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(
        Capability.MULTI_MODEL,
        Capability.SEVERAL_CONTAINERS,
        Capability.DIRECT_INVOCATION,
        // no code of the model's own runs, and what does connects to nobody
        Capability.NETWORK_ISOLATION,
        Capability.VPC);
  }

  @Override
  public Optional<String> refusal(String image) {
    return EmbeddedImage.of(image).isPresent()
        ? Optional.empty()
        : Optional.of(
            "image '%s' can't run in the embedded runtime, which runs AWS's built-in XGBoost images (…/sagemaker-xgboost, …/xgboost) and berth/xgboost, berth/lightgbm and berth/onnx; other images need the docker runtime"
                .formatted(image));
  }

  @Override
  public void start(InstanceSpec spec) {
    var state = new InstanceState.Starting("loading the model");
    var instance = new EmbeddedInstance(spec, state, clock.instant());
    if (instances.putIfAbsent(spec.id(), instance) == null) {
      tell(spec.id());
      threads.execute(() -> bringInService(instance));
    }
  }

  private void bringInService(EmbeddedInstance instance) {
    InstanceState outcome;
    try {
      outcome = new InstanceState.InService(targets(instance));
    } catch (NotStarted reason) {
      outcome = new InstanceState.Failed(failureReason(instance.spec(), reason));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      outcome = new InstanceState.Failed(shutDown(instance.spec()));
    }
    if (instance.leaveStarting(outcome, clock.instant())) {
      tell(instance.spec().id());
      if (outcome instanceof InstanceState.Failed(String reason)) {
        log.warn("instance {} failed: {}", instance.spec().id(), reason);
        instance.release();
      }
    }
  }

  private static String shutDown(InstanceSpec spec) {
    return "instance %s was starting when Berth was shut down".formatted(spec.id());
  }

  /** Why an instance does not come in service, in a sentence without its end. */
  private static final class NotStarted extends Exception {
    private static final long serialVersionUID = 1L;

    private final String container;

    /**
     * Makes one.
     *
     * @param container name of the one to blame
     */
    NotStarted(ContainerSpec container, String why) {
      super(why);
      this.container = container.name();
    }
  }

  private List<Target> targets(EmbeddedInstance instance) throws NotStarted, InterruptedException {
    List<ContainerSpec> containers = instance.spec().containers();
    long due = System.nanoTime() + instance.spec().startupTimeout().toNanos();
    // All leases first: models that are loaded by others meanwhile are loaded at the same time.
    var leases = new HashMap<ContainerSpec, SharedModels.Lease>();
    for (ContainerSpec container : containers) {
      if (container.multiModel().isEmpty()) {
        leases.put(container, lease(instance, container));
      }
    }
    var targets = new ArrayList<Target>();
    for (ContainerSpec container : containers) {
      SharedModels.Lease lease = leases.get(container);
      targets.add(
          lease == null
              ? new Target.MultiModel(host(instance, container))
              : new Target.InProcess(loaded(instance.spec(), container, lease, due)));
    }
    return targets;
  }

  private EmbeddedModelHost host(EmbeddedInstance instance, ContainerSpec container)
      throws NotStarted {
    EmbeddedImage image = image(container);
    var environment = new HashMap<>(container.environment());
    environment.put("SAGEMAKER_MULTI_MODEL", "true");
    long bytes = modelBytes(instance.spec(), container);
    return instance
        .hold(() -> new EmbeddedModelHost(models, image, environment, memory, bytes))
        .orElseThrow(() -> stopped(container));
  }

  /** What the instance may have: its type's memory, unless the model says otherwise. */
  private static long modelBytes(InstanceSpec spec, ContainerSpec container) throws NotStarted {
    String given = container.environment().get(MEMORY_VARIABLE);
    if (given == null) {
      return spec.instanceType()
          .flatMap(InstanceType::named)
          .map(InstanceType::memoryBytes)
          .orElse(Long.MAX_VALUE);
    }
    if (!given.matches("[1-9]\\d{0,17}")) {
      throw new NotStarted(
          container,
          "%s in the model's Environment is '%s'; it must be a number of bytes, 1 or more"
              .formatted(MEMORY_VARIABLE, given));
    }
    return Long.parseLong(given);
  }

  private static NotStarted stopped(ContainerSpec container) {
    return new NotStarted(container, "it was stopped while it started");
  }

  private SharedModels.Lease lease(EmbeddedInstance instance, ContainerSpec container)
      throws NotStarted {
    SharedModels.Content content = content(container);
    return instance.hold(() -> models.lease(content)).orElseThrow(() -> stopped(container));
  }

  private static ServedModel loaded(
      InstanceSpec spec, ContainerSpec container, SharedModels.Lease lease, long dueNanos)
      throws NotStarted, InterruptedException {
    try {
      return lease.model().get(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      throw new NotStarted(
          container,
          "the model was not loaded within %s; raise ContainerStartupHealthCheckTimeoutInSeconds, or give Berth more memory and processors"
              .formatted(words(spec.startupTimeout())));
    } catch (ExecutionException failed) {
      throw new NotStarted(
          container, cause(failed.getCause() == null ? failed : failed.getCause()));
    }
  }

  private static SharedModels.Content content(ContainerSpec container) throws NotStarted {
    if (container.multiModel().isPresent()) {
      throw new NotStarted(
          container,
          "it is a multi-model container among others, which the embedded runtime does not run");
    }
    EmbeddedImage image = image(container);
    Optional<Path> directory = container.modelDirectory();
    if (directory.isEmpty()) {
      throw new NotStarted(
          container,
          "the model names no model data, and image '%s' has none of its own; give ModelDataUrl or ModelDataSource"
              .formatted(container.image()));
    }
    return new SharedModels.Content(image, directory.get(), container.environment());
  }

  private static EmbeddedImage image(ContainerSpec container) throws NotStarted {
    return EmbeddedImage.of(container.image())
        .orElseThrow(() ->
            new NotStarted(
                container,
                "image '%s' is none that the embedded runtime runs; it needs the docker runtime"
                    .formatted(container.image())));
  }

  private static String cause(Throwable failure) {
    return switch (failure) {
      case ModelLoadException expected -> String.valueOf(expected.getMessage());
      case OutOfMemoryError _ ->
          "the model does not fit into Berth's memory (at most %d MiB of heap); give the JVM more with -Xmx"
              .formatted(Runtime.getRuntime().maxMemory() >> 20);
      case LinkageError _ ->
          "a native library of the embedded runtime can't be used on this machine: %s"
              .formatted(failure.getCause() == null ? failure : failure.getCause());
      default -> {
        log.error("a model could not be loaded", failure);
        yield "the model could not be loaded: " + failure;
      }
    };
  }

  /** Opens with AWS's sentence (spec: the ping health check), then says what went wrong. */
  private static String failureReason(InstanceSpec spec, NotStarted why) {
    String cause = String.valueOf(why.getMessage());
    return "The %s container for production variant %s did not pass the ping health check. Reason: %s%s"
        .formatted(why.container, spec.id().variant(), cause, cause.endsWith(".") ? "" : ".");
  }

  private static String words(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " seconds"
        : duration.toMillis() + " ms";
  }

  @Override
  public void stop(InstanceId id) {
    EmbeddedInstance instance = instances.get(id);
    if (instance != null && instance.stop(clock.instant())) {
      tell(id);
      threads.execute(() -> end(instance));
    }
  }

  private void end(EmbeddedInstance instance) {
    try {
      instance.release();
    } finally {
      instances.remove(instance.spec().id(), instance);
      tell(instance.spec().id());
    }
  }

  private void tell(InstanceId id) {
    listeners.forEach(listener -> listener.changed(id));
  }

  @Override
  public List<ObservedInstance> instances() {
    return instances.values().stream().map(EmbeddedInstance::observed).toList();
  }

  @Override
  public void onChange(ChangeListener listener) {
    listeners.add(listener);
  }

  /** Stops every instance and waits until their models are freed. */
  @Override
  public void close() {
    instances.keySet().forEach(this::stop);
    threads.close();
  }
}
