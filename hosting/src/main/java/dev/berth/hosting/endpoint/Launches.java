package dev.berth.hosting.endpoint;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.instance.InstancePreparation;
import dev.berth.hosting.instance.PreparationException;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.Owner;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Collectors;
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
  private final InstancePreparation preparation;
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
    this.preparation = new InstancePreparation(runtime, artifacts);
    this.clock = clock;
    this.changed = changed;
  }

  /** One instance that this process launched. */
  private final class Launch implements InstancePreparation.Watcher {
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

    @Override
    public void begins(String url) {
      enter(new State.Preparing("staging " + url, 0, 0));
      changed.accept(id);
    }

    @Override
    public void advanced(String url, long doneBytes, long totalBytes) {
      state = new State.Preparing("staging " + url, doneBytes, totalBytes);
    }

    @Override
    public synchronized void staged(StagedArtifact artifact) {
      pins.add(artifact);
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
  Set<InstanceId> handedOver(Owner endpoint) {
    return launches.values().stream()
        .filter(launch -> launch.id.owner().equals(endpoint) && launch.isHandedOver())
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
  List<Member> members(Owner endpoint, Set<InstanceId> handedOver, Set<InstanceId> observed) {
    var members = new ArrayList<Member>();
    for (Launch launch : List.copyOf(launches.values())) {
      if (!launch.id.owner().equals(endpoint) || observed.contains(launch.id)) {
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
    } catch (PreparationException e) {
      launch.enter(new State.Failed(e.reason()));
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
      throws PreparationException, InterruptedException {
    launch.handOver(
        preparation.prepare(
            new InstancePreparation.Order(
                launch.id,
                endpointName,
                "production variant " + variant.name(),
                variant.model(),
                fleet.needs(),
                Optional.ofNullable(variant.instanceType()),
                Duration.ofSeconds(variant.downloadTimeoutSeconds()),
                Duration.ofSeconds(variant.startupTimeoutSeconds()),
                variant.images()),
            launch));
  }
}
