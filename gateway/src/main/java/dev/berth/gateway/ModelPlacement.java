package dev.berth.gateway;

import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which instance of a multi-model variant serves a model: by rendezvous hashing, so that each model
 * has its own order of instances, which stays as it is when others come and go. The first has it,
 * and the next help where it is hot. One that would have to load it first does so beside the
 * traffic while another has it in memory.
 */
final class ModelPlacement {
  /** Open invocations of one model on an instance from which on the next instance helps. */
  private static final int HOT = 8;

  private ModelPlacement() {}

  /**
   * Returns the instance, or null when the variant has none in service; any when the variant isn't
   * multi-model.
   *
   * @param model TargetModel, normalized
   */
  static @Nullable InstanceRoute pick(VariantRoute variant, String model) {
    List<InstanceRoute> instances = variant.instances();
    if (instances.isEmpty()) {
      return null;
    }
    InstanceRoute first = instances.getFirst();
    int hash = model.hashCode();
    for (int i = 1; i < instances.size(); i++) {
      InstanceRoute other = instances.get(i);
      if (score(other, hash) > score(first, hash)) {
        first = other;
      }
    }
    ModelCache models = first.models();
    if (instances.size() == 1 || models == null) {
      return first;
    }
    int inFlight = models.inFlight(model);
    return inFlight >= 0 && inFlight < HOT ? first : spread(instances, first, model, hash);
  }

  /** The first in order is busy with this model, or doesn't have it. */
  private static InstanceRoute spread(
      List<InstanceRoute> instances, InstanceRoute first, String model, int hash) {
    List<InstanceRoute> order =
        instances.stream()
            .sorted(Comparator.comparingLong((InstanceRoute i) -> score(i, hash)).reversed())
            .toList();
    boolean isCold = inFlight(first, model) < 0;
    InstanceRoute best = first;
    int least = isCold ? Integer.MAX_VALUE : inFlight(first, model);
    for (InstanceRoute instance : order) {
      int inFlight = inFlight(instance, model);
      if (inFlight >= 0 && inFlight < HOT) {
        warm(first, model);
        return instance;
      }
      if (inFlight < 0 && !isCold) {
        // All before it are hot. It helps once it has the model; those that have it serve so long.
        warm(instance, model);
        return best;
      }
      if (inFlight >= 0 && inFlight < least) {
        best = instance;
        least = inFlight;
      }
    }
    return best;
  }

  private static int inFlight(InstanceRoute instance, String model) {
    ModelCache models = instance.models();
    return models == null ? -1 : models.inFlight(model);
  }

  private static void warm(InstanceRoute instance, String model) {
    ModelCache models = instance.models();
    if (models != null) {
      models.warm(model);
    }
  }

  private static long score(InstanceRoute instance, int model) {
    return mixed(((long) instance.hash() << 32) ^ (model & 0xFFFFFFFFL));
  }

  /** The finalizer of splitmix64: every bit of the input changes half of the output's. */
  private static long mixed(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
