package dev.berth.transform.job;

import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.instance.InstancePreparation;
import dev.berth.hosting.instance.PreparationException;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.Target;
import dev.berth.transform.invoke.Invoker.Container;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One instance of a job, from its start to its end. */
final class JobInstance implements InstancePreparation.Watcher, AutoCloseable {
  /** The variant in the instance's identity: jobs have none. */
  private static final String VARIANT = "transform";

  /** Developer Guide: a model's data is fetched within the hour, as for endpoints. */
  private static final Duration DOWNLOAD_PATIENCE = Duration.ofHours(1);

  /** AWS gives a transform job's containers about this long to answer a ping. */
  private static final Duration STARTUP_PATIENCE = Duration.ofMinutes(30);

  /** In case a change was not told. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

  private static final Duration GONE_PATIENCE = Duration.ofMinutes(2);

  private final ContainerRuntime runtime;
  private final InstanceId id;
  private final List<StagedArtifact> pins = new ArrayList<>();
  private volatile String step = "waiting";
  private volatile long doneBytes;
  private volatile long totalBytes;
  private volatile @Nullable String loss;
  private boolean isClosing;
  private long changes;

  /** Why an instance did not come in service. */
  static final class LaunchException extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean isPreparation;

    LaunchException(String reason, boolean isPreparation) {
      super(reason);
      this.isPreparation = isPreparation;
    }

    /** Whether it failed before a container was started, so that trying again is of no use. */
    boolean isPreparation() {
      return isPreparation;
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  /** Makes one that is to be {@linkplain #launch launched}. */
  JobInstance(ContainerRuntime runtime, String jobId) {
    this.runtime = runtime;
    this.id = InstanceId.fresh(Owner.transformJob(jobId), 1, VARIANT);
  }

  InstanceId id() {
    return id;
  }

  /** What it is doing, for people. */
  String step() {
    return loss == null ? step : "lost: " + loss;
  }

  long doneBytes() {
    return doneBytes;
  }

  long totalBytes() {
    return totalBytes;
  }

  /** Returns the instance's containers once they are in service. */
  List<Container> launch(JobSpec job, InstancePreparation preparation)
      throws LaunchException, InterruptedException {
    InstanceSpec spec;
    try {
      spec =
          preparation.prepare(
              new InstancePreparation.Order(
                  id,
                  job.name(),
                  "transform job " + job.name(),
                  job.model(),
                  Set.of(),
                  Optional.of(job.instanceType()),
                  DOWNLOAD_PATIENCE,
                  STARTUP_PATIENCE),
              this);
    } catch (PreparationException e) {
      throw new LaunchException(e.reason(), true);
    }
    step = "starting";
    runtime.start(spec);
    return inService(spec);
  }

  private List<Container> inService(InstanceSpec spec)
      throws LaunchException, InterruptedException {
    while (true) {
      long before = changes();
      Optional<ObservedInstance> seen = observed();
      if (seen.isEmpty()) {
        throw new LaunchException("the instance was stopped while it started", false);
      }
      switch (seen.get().state()) {
        case InstanceState.InService(List<Target> targets) -> {
          step = "in service";
          var containers = new ArrayList<Container>();
          for (int i = 0; i < targets.size(); i++) {
            containers.add(new Container(spec.containers().get(i).name(), targets.get(i)));
          }
          return containers;
        }
        case InstanceState.Failed(String reason) -> throw new LaunchException(reason, false);
        case InstanceState.Lost(String reason) -> throw new LaunchException(reason, false);
        case InstanceState.Stopping _ ->
            throw new LaunchException("the instance was stopped while it started", false);
        case InstanceState.Starting(String now) -> step = now;
      }
      awaitChange(before);
    }
  }

  /** Waits until the instance is no longer in service, or is being closed. */
  void awaitLoss() throws InterruptedException {
    while (true) {
      long before = changes();
      if (isClosing() || isLost()) {
        return;
      }
      awaitChange(before);
    }
  }

  /** Returns whether the runtime no longer has the instance in service. */
  private boolean isLost() {
    Optional<ObservedInstance> seen = observed();
    if (seen.isEmpty()) {
      lost("it is gone");
      return true;
    }
    return switch (seen.get().state()) {
      case InstanceState.InService _ -> false;
      case InstanceState.Failed(String reason) -> {
        lost(reason);
        yield true;
      }
      case InstanceState.Lost(String reason) -> {
        lost(reason);
        yield true;
      }
      case InstanceState.Stopping _, InstanceState.Starting _ -> {
        lost("it is no longer in service");
        yield true;
      }
    };
  }

  private synchronized void lost(String why) {
    if (!isClosing) {
      loss = why;
    }
    notifyAll();
  }

  /** Why the instance was lost, null while it was not. */
  @Nullable String loss() {
    return loss;
  }

  /** Waits for a while until the instance turns out to be lost; returns whether it did. */
  boolean isLostWithin(Duration patience) throws InterruptedException {
    return isLost() || isLossToldWithin(patience);
  }

  private synchronized boolean isLossToldWithin(Duration patience) throws InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    while (loss == null) {
      long millis = (until - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return false;
      }
      wait(millis);
    }
    return true;
  }

  /** Called when the runtime tells of a change. */
  synchronized void changed() {
    changes++;
    notifyAll();
  }

  private synchronized long changes() {
    return changes;
  }

  private synchronized boolean isClosing() {
    return isClosing;
  }

  private synchronized void awaitChange(long before) throws InterruptedException {
    long until = System.nanoTime() + LOOK_AGAIN.toNanos();
    while (changes == before && !isClosing) {
      long millis = (until - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return;
      }
      wait(millis);
    }
  }

  private Optional<ObservedInstance> observed() {
    return runtime.instances().stream().filter(one -> one.id().equals(id)).findFirst();
  }

  @Override
  public void begins(String url) {
    step = "staging " + url;
  }

  @Override
  public void advanced(String url, long done, long total) {
    doneBytes = done;
    totalBytes = total;
  }

  @Override
  public synchronized void staged(StagedArtifact artifact) {
    pins.add(artifact);
  }

  /** Begins to stop the instance; its artifacts are let go of when it is gone. */
  @Override
  public void close() {
    synchronized (this) {
      if (isClosing) {
        return;
      }
      isClosing = true;
      step = "stopping";
      notifyAll();
    }
    runtime.stop(id);
    Thread.ofVirtual().name("stop-" + id.instance()).start(this::releaseWhenGone);
  }

  private void releaseWhenGone() {
    long until = System.nanoTime() + GONE_PATIENCE.toNanos();
    try {
      while (observed().isPresent() && System.nanoTime() < until) {
        Thread.sleep(LOOK_AGAIN.dividedBy(10));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    synchronized (this) {
      pins.forEach(StagedArtifact::close);
      pins.clear();
    }
  }
}
