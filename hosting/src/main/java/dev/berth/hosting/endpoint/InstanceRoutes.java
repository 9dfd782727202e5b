package dev.berth.hosting.endpoint;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.multimodel.ModelCacheConfig;
import dev.berth.hosting.multimodel.ModelCacheView;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.plan.ContainerPlan;
import dev.berth.hosting.plan.DataPlan;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The ways to an endpoint's instances: one for each, with its count of open invocations and, for a
 * multi-model one, its models, for as long as the instance lives. Changed by one thread at a time.
 */
final class InstanceRoutes {
  private final ArtifactStore artifacts;
  private final Map<InstanceId, InstanceRoute> routes = new ConcurrentHashMap<>();

  InstanceRoutes(ArtifactStore artifacts) {
    this.artifacts = artifacts;
  }

  @Nullable InstanceRoute find(InstanceId id) {
    return routes.get(id);
  }

  /** Returns the way to an instance, the same at every call. */
  InstanceRoute of(InstanceId id, ModelPlan model, List<Target> targets) {
    return routes.computeIfAbsent(id, _ -> make(id, model, targets));
  }

  /** Lets go of all instances but those. */
  void retain(Set<InstanceId> present) {
    routes
        .values()
        .removeIf(route -> {
          boolean isGone = !present.contains(route.id());
          if (isGone) {
            close(route);
          }
          return isGone;
        });
  }

  /** Returns the models of an instance, or null when it is not a multi-model one in service. */
  @Nullable ModelCacheView models(InstanceId id) {
    InstanceRoute route = routes.get(id);
    ModelCache models = route == null ? null : route.models();
    return models == null ? null : models.view();
  }

  private static void close(InstanceRoute route) {
    for (InstanceRoute.Container container : route.containers()) {
      ModelCache models = container.models();
      if (models != null) {
        models.close();
      }
    }
  }

  private InstanceRoute make(InstanceId id, ModelPlan model, List<Target> targets) {
    var containers = new ArrayList<InstanceRoute.Container>();
    for (int i = 0; i < targets.size(); i++) {
      ContainerPlan plan = model.containers().get(i);
      Target target = targets.get(i);
      containers.add(
          new InstanceRoute.Container(
              plan.label(),
              target,
              target instanceof Target.MultiModel(ModelHost host) ? models(id, plan, host) : null));
    }
    return new InstanceRoute(id, model.executionMode(), containers);
  }

  private ModelCache models(InstanceId id, ContainerPlan plan, ModelHost host) {
    DataPlan data = plan.data();
    if (data == null) {
      throw new IllegalStateException("a multi-model container without a prefix: " + id);
    }
    return new ModelCache(
        ModelCacheConfig.of(
            new ModelPrefix(S3Uri.parse(data.url())),
            plan.keepsModels(),
            Runtime.getRuntime().availableProcessors()),
        artifacts,
        host,
        id.toString());
  }
}
