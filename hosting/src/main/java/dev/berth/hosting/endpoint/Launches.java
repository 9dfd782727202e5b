package dev.berth.hosting.endpoint;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.endpoint.Fleet.ContainerPlan;
import dev.berth.hosting.endpoint.Fleet.DataPlan;
import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Instances on their way into the runtime: checks that it can run them, stages their artifacts and
 * hands them over. Keeps the artifacts of what this process started, or found running, until the
 * runtime has let go of it. Many threads at a time.
 */
final class Launches {
  private static final Logger LOG = LoggerFactory.getLogger(Launches.class);

  /** Instances staged at the same time; more would only share the same disk and network. */
  private static final int MAX_PREPARING = 8;

  private final ContainerRuntime runtime;
  private final ArtifactStore artifacts;
  private final InstantSource clock;
  private final Consumer<InstanceId> changed;
  private final Semaphore permits = new Semaphore(MAX_PREPARING, true);
  private final Map<InstanceId, Launch> launches = new ConcurrentHashMap<>();

  /**
   * @param changed called when an instance's state changed here, on any thread
   */
  Launches(
      ContainerRuntime runtime,
      ArtifactStore artifacts,
      InstantSource clock,
      Consumer<InstanceId> changed) {
    this.runtime = runtime;
    this.artifacts = artifacts;
    this.clock = clock;
    this.changed = changed;
  }

  /** One instance that this process launched. */
  private final class Launch {
    private final InstanceId id;
    private final List<StagedArtifact> pins = new ArrayList<>();
    private volatile State state = new State.Preparing("waiting for its turn", 0, 0);
    private volatile Instant since = clock.instant();
    private @Nullable Thread thread;
    private volatile boolean isHandedOver;
    private boolean isCancelled;

    Launch(InstanceId id) {
      this.id = id;
    }

    void enter(State newState) {
      state = newState;
      since = clock.instant();
    }

    synchronized void begin(Runnable work) {
      thread = Thread.ofVirtual().name("launch-" + id.instance()).start(work);
    }

    synchronized void handOver(InstanceSpec spec) throws InterruptedException {
      if (isCancelled) {
        throw new InterruptedException("cancelled");
      }
      runtime.start(spec);
      isHandedOver = true;
    }

    synchronized void adopt(Set<Path> directories) {
      isHandedOver = true;
      for (Path directory : directories) {
        artifacts
            .adopt(directory)
            .ifPresentOrElse(
                pins::add, () -> LOG.warn("{} uses {}, which is not staged here", id, directory));
      }
    }

    synchronized void cancel() {
      isCancelled = true;
      if (!isHandedOver) {
        enter(new State.Stopping());
        if (thread != null) {
          thread.interrupt();
        }
      }
    }

    boolean isHandedOver() {
      return isHandedOver;
    }

    /** Whether nothing runs on its behalf any more on this side. */
    synchronized boolean isOver() {
      return isCancelled && !isHandedOver && (thread == null || !thread.isAlive());
    }

    synchronized void release() {
      pins.forEach(StagedArtifact::close);
      pins.clear();
    }
  }

  /** Begins to prepare and start an instance. */
  void launch(InstanceId id, String endpointName, Fleet fleet, Fleet.Variant variant) {
    var launch = new Launch(id);
    launches.put(id, launch);
    launch.begin(() -> run(launch, endpointName, fleet, variant));
  }

  /**
   * Keeps the artifacts of an instance that an earlier process has launched; does nothing when it
   * is known already.
   */
  void adopt(InstanceId id) {
    launches.computeIfAbsent(
        id,
        _ -> {
          var launch = new Launch(id);
          launch.adopt(runtime.artifacts(id));
          return launch;
        });
  }

  /** Begins to stop an instance, whether it is still here or already in the runtime. */
  void stop(InstanceId id) {
    Launch launch = launches.get(id);
    if (launch != null) {
      launch.cancel();
    }
    runtime.stop(id);
  }

  /** Returns an endpoint's launches that are in the runtime's hands by now. */
  Set<InstanceId> handedOver(String endpointId) {
    return launches.values().stream()
        .filter(launch -> launch.id.endpointId().equals(endpointId) && launch.isHandedOver())
        .map(launch -> launch.id)
        .collect(Collectors.toSet());
  }

  /**
   * Returns the launches of an endpoint that the runtime doesn't know (yet), and lets go of those
   * that it no longer knows.
   *
   * @param handedOver what {@link #handedOver} was before the runtime was asked
   * @param observed ids that the runtime knows
   */
  List<Member> members(String endpointId, Set<InstanceId> handedOver, Set<InstanceId> observed) {
    var members = new ArrayList<Member>();
    for (Launch launch : List.copyOf(launches.values())) {
      if (!launch.id.endpointId().equals(endpointId) || observed.contains(launch.id)) {
        continue;
      }
      if (handedOver.contains(launch.id) || launch.isOver()) {
        launches.remove(launch.id);
        launch.release();
      } else {
        members.add(new Member(launch.id, launch.state, launch.since));
      }
    }
    return members;
  }

  private void run(Launch launch, String endpointName, Fleet fleet, Fleet.Variant variant) {
    try {
      permits.acquire();
      try {
        prepare(launch, endpointName, fleet, variant);
      } finally {
        permits.release();
      }
    } catch (LaunchException e) {
      launch.enter(new State.Failed(e.text()));
    } catch (InterruptedException e) {
      launch.enter(new State.Stopping());
    } catch (RuntimeException e) {
      LOG.error("launch of {} failed", launch.id, e);
      launch.enter(
          new State.Failed(
              "Instance of production variant %s could not be started: %s"
                  .formatted(variant.name(), e)));
    }
    if (!launch.isHandedOver()) {
      launch.release();
    }
    // The thread is still alive while it tells; look again once it is not.
    Thread self = Thread.currentThread();
    Thread.ofVirtual()
        .start(() -> {
          try {
            self.join();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          changed.accept(launch.id);
        });
  }

  private void prepare(Launch launch, String endpointName, Fleet fleet, Fleet.Variant variant)
      throws LaunchException, InterruptedException {
    Optional<String> refusal = refusal(fleet, variant);
    if (refusal.isPresent()) {
      throw new LaunchException(refusal.get());
    }
    var containers = new ArrayList<ContainerSpec>();
    List<ContainerPlan> plans = variant.model().containers();
    for (int i = 0; i < plans.size(); i++) {
      containers.add(stage(launch, variant, plans.get(i), i + 1, plans.size()));
    }
    launch.handOver(
        new InstanceSpec(
            launch.id,
            endpointName,
            Optional.ofNullable(variant.instanceType()),
            containers,
            variant.model().isDirect()
                ? InstanceSpec.ExecutionMode.DIRECT
                : InstanceSpec.ExecutionMode.SERIAL,
            Duration.ofSeconds(variant.startupTimeoutSeconds())));
  }

  private Optional<String> refusal(Fleet fleet, Fleet.Variant variant) {
    var has = runtime.capabilities();
    Optional<String> missing =
        Stream.concat(fleet.needs().stream(), variant.model().needs().stream())
            .filter(need -> !has.contains(need))
            .sorted()
            .findFirst()
            .map(need -> missing(need, variant));
    if (missing.isPresent()) {
      return missing;
    }
    return variant.model().containers().stream()
        .flatMap(container -> runtime.refusal(container.image()).stream())
        .findFirst()
        .map(why ->
            "Image of model \"%s\" for production variant %s can't be run: %s"
                .formatted(variant.model().modelName(), variant.name(), why));
  }

  private String missing(Capability need, Fleet.Variant variant) {
    return "The %s runtime does not run %s, which production variant %s with model \"%s\" needs; available with %s."
        .formatted(
            runtime.name(),
            need.words(),
            variant.name(),
            variant.model().modelName(),
            need.where());
  }

  private ContainerSpec stage(
      Launch launch, Fleet.Variant variant, ContainerPlan plan, int position, int count)
      throws LaunchException, InterruptedException {
    Optional<Path> model = Optional.empty();
    if (plan.data() != null) {
      model = Optional.of(stage(launch, variant, plan.data(), position, count));
    }
    var additional = new LinkedHashMap<String, Path>();
    for (var entry : plan.additionalData().entrySet()) {
      additional.put(entry.getKey(), stage(launch, variant, entry.getValue(), position, count));
    }
    return new ContainerSpec(
        plan.label(),
        Optional.ofNullable(plan.hostname()),
        plan.image(),
        plan.isMultiModel(),
        plan.environment(),
        model,
        additional);
  }

  private Path stage(Launch launch, Fleet.Variant variant, DataPlan data, int position, int count)
      throws LaunchException, InterruptedException {
    S3Uri uri = S3Uri.parse(data.url());
    ModelSource source =
        switch (data.form()) {
          case ARCHIVE -> new ModelSource.Archive(uri);
          case OBJECT -> new ModelSource.SingleObject(uri);
          case PREFIX -> new ModelSource.Prefix(uri);
        };
    launch.enter(new State.Preparing("staging " + data.url(), 0, 0));
    changed.accept(launch.id);
    try {
      StagedArtifact artifact =
          artifacts.stage(
              source,
              Duration.ofSeconds(variant.downloadTimeoutSeconds()),
              (done, total) ->
                  launch.state = new State.Preparing("staging " + data.url(), done, total));
      synchronized (launch) {
        launch.pins.add(artifact);
      }
      return artifact.directory();
    } catch (StagingException e) {
      throw new LaunchException(
          StagingFailures.reason(e, data.url(), position, count, variant.downloadTimeoutSeconds()));
    }
  }

  /** Why an instance can't be launched, as it becomes the FailureReason. */
  private static final class LaunchException extends Exception {
    LaunchException(String reason) {
      super(reason);
    }

    String text() {
      return String.valueOf(getMessage());
    }
  }
}
