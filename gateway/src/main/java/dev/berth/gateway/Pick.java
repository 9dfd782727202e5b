package dev.berth.gateway;

import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which variant and which instance take an invocation. Pure: chance is an argument. */
final class Pick {
  private Pick() {}

  /** Returns the variant of that name, or null. */
  static @Nullable VariantRoute named(List<VariantRoute> variants, String name) {
    for (int i = 0; i < variants.size(); i++) {
      if (variants.get(i).name().equals(name)) {
        return variants.get(i);
      }
    }
    return null;
  }

  /**
   * Returns a variant with the probability of its share of the weights, or null when all weigh
   * nothing.
   *
   * @param chance evenly distributed in [0, 1)
   */
  static @Nullable VariantRoute byWeight(List<VariantRoute> variants, double chance) {
    double sum = 0;
    for (int i = 0; i < variants.size(); i++) {
      sum += variants.get(i).weight();
    }
    double left = chance * sum;
    VariantRoute last = null;
    for (int i = 0; i < variants.size(); i++) {
      VariantRoute variant = variants.get(i);
      if (variant.weight() > 0) {
        left -= variant.weight();
        last = variant;
        if (left < 0) {
          return variant;
        }
      }
    }
    return last; // rounding may leave a crumb
  }

  /**
   * Returns an instance by the variant's strategy, or null when it has none in service. Of equally
   * busy ones, chance decides.
   */
  static @Nullable InstanceRoute instance(VariantRoute variant, double chance) {
    List<InstanceRoute> instances = variant.instances();
    int count = instances.size();
    if (count == 0) {
      return null;
    }
    int start = (int) (chance * count);
    InstanceRoute best = instances.get(start);
    if (variant.strategy() == VariantRoute.Strategy.RANDOM) {
      return best;
    }
    int least = best.inFlight();
    for (int i = 1; i < count && least > 0; i++) {
      InstanceRoute other = instances.get((start + i) % count);
      int busy = other.inFlight();
      if (busy < least) {
        best = other;
        least = busy;
      }
    }
    return best;
  }
}
