package dev.berth.hosting.instance;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.plan.ContainerPlan;
import dev.berth.hosting.plan.DataPlan;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.MultiModelSpec;
import dev.berth.hosting.runtime.ResolvedImage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes what a runtime starts of what a model asks for: checks that the runtime can run it, and
 * stages its artifacts. Many threads at a time.
 */
public final class InstancePreparation {
  private final ContainerRuntime runtime;
  private final ArtifactStore artifacts;

  public InstancePreparation(ContainerRuntime runtime, ArtifactStore artifacts) {
    this.runtime = runtime;
    this.artifacts = artifacts;
  }

  /**
   * An instance to prepare.
   *
   * @param ownerName name of the endpoint or job
   * @param purpose what it is for, in words that follow "for": {@code production variant blue}
   * @param needs capabilities asked for beyond the model's
   * @param instanceType {@code ml.*} type, when one is given
   * @param downloadTimeout for staging all of one container's model data
   * @param startupTimeout for a started container to become healthy
   * @param images what each container's image stands for in its deployment; empty until its first
   *     instances have found out
   */
  public record Order(
      InstanceId id,
      String ownerName,
      String purpose,
      ModelPlan model,
      Set<Capability> needs,
      Optional<String> instanceType,
      Duration downloadTimeout,
      Duration startupTimeout,
      List<ResolvedImage> images) {
    public Order {
      needs = Set.copyOf(needs);
      images = List.copyOf(images);
    }

    /** Makes one whose images are yet to be resolved. */
    public Order(
        InstanceId id,
        String ownerName,
        String purpose,
        ModelPlan model,
        Set<Capability> needs,
        Optional<String> instanceType,
        Duration downloadTimeout,
        Duration startupTimeout) {
      this(
          id,
          ownerName,
          purpose,
          model,
          needs,
          instanceType,
          downloadTimeout,
          startupTimeout,
          List.of());
    }

    /** Position from 1. */
    private Optional<ResolvedImage> pinned(int position) {
      return position <= images.size() ? Optional.of(images.get(position - 1)) : Optional.empty();
    }
  }

  /** Told what goes on; called on the preparing thread and on downloading ones. */
  public interface Watcher {
    /** A download begins. */
    void begins(String url);

    /** A download goes on. */
    void advanced(String url, long doneBytes, long totalBytes);

    /** An artifact is there; it stays until the watcher closes it. */
    void staged(StagedArtifact artifact);
  }

  /**
   * Returns what to hand to the runtime. Blocks for as long as the downloads take.
   *
   * @throws PreparationException when the runtime can't run it, or its data can't be had
   * @throws InterruptedException when this thread is interrupted; what {@code watcher} was given is
   *     still its own
   */
  public InstanceSpec prepare(Order order, Watcher watcher)
      throws PreparationException, InterruptedException {
    Optional<String> refusal = refusal(order);
    if (refusal.isPresent()) {
      throw new PreparationException(refusal.get());
    }
    var containers = new ArrayList<ContainerSpec>();
    List<ContainerPlan> plans = order.model().containers();
    for (int i = 0; i < plans.size(); i++) {
      containers.add(stage(order, plans.get(i), i + 1, watcher));
    }
    return new InstanceSpec(
        order.id(),
        order.ownerName(),
        order.instanceType(),
        containers,
        order.model().executionMode(),
        order.startupTimeout(),
        order.model().network(),
        Optional.ofNullable(order.model().executionRoleArn()));
  }

  private Optional<String> refusal(Order order) {
    var has = runtime.capabilities();
    Optional<String> missing =
        Stream.concat(order.needs().stream(), order.model().needs().stream())
            .filter(need -> !has.contains(need))
            .sorted()
            .findFirst()
            .map(need -> missing(need, order));
    if (missing.isPresent()) {
      return missing;
    }
    return order.model().containers().stream()
        .flatMap(container -> runtime.refusal(container.image()).stream())
        .findFirst()
        .map(why ->
            "Image of model \"%s\" for %s can't be run: %s"
                .formatted(order.model().modelName(), order.purpose(), why));
  }

  private String missing(Capability need, Order order) {
    return "The %s runtime does not run %s, which %s with model \"%s\" needs; available with %s."
        .formatted(
            runtime.name(), need.words(), order.purpose(), order.model().modelName(), need.where());
  }

  private ContainerSpec stage(Order order, ContainerPlan plan, int position, Watcher watcher)
      throws PreparationException, InterruptedException {
    Optional<Path> model = Optional.empty();
    Optional<MultiModelSpec> multiModel = Optional.empty();
    DataPlan data = plan.data();
    if (plan.isMultiModel() && data != null) {
      multiModel = Optional.of(new MultiModelSpec(data.url(), plan.keepsModels()));
    } else if (data != null) {
      model = Optional.of(stage(order, data, position, watcher));
    }
    var additional = new LinkedHashMap<String, Path>();
    for (var entry : plan.additionalData().entrySet()) {
      additional.put(entry.getKey(), stage(order, entry.getValue(), position, watcher));
    }
    return new ContainerSpec(
        plan.label(),
        Optional.ofNullable(plan.hostname()),
        plan.image(),
        plan.registry(),
        multiModel,
        plan.environment(),
        model,
        additional,
        order.pinned(position));
  }

  private Path stage(Order order, DataPlan data, int position, Watcher watcher)
      throws PreparationException, InterruptedException {
    watcher.begins(data.url());
    try {
      StagedArtifact artifact =
          artifacts.stage(
              source(data),
              order.downloadTimeout(),
              (done, total) -> watcher.advanced(data.url(), done, total));
      watcher.staged(artifact);
      return artifact.directory();
    } catch (StagingException e) {
      throw new PreparationException(
          StagingFailures.reason(
              e,
              data.url(),
              position,
              order.model().containers().size(),
              order.downloadTimeout().toSeconds()));
    }
  }

  private static ModelSource source(DataPlan data) {
    S3Uri uri = S3Uri.parse(data.url());
    return switch (data.form()) {
      case ARCHIVE -> new ModelSource.Archive(uri);
      case OBJECT -> new ModelSource.SingleObject(uri);
      case PREFIX -> new ModelSource.Prefix(uri);
      case MODELS -> throw new IllegalArgumentException("models are fetched one by one: " + data);
    };
  }
}
