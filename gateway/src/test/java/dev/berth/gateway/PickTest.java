package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.route.VariantRoute.Strategy;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.Owner;
import java.util.List;
import org.junit.jupiter.api.Test;

class PickTest {
  private static VariantRoute variant(String name, float weight, InstanceRoute... instances) {
    return new VariantRoute(name, weight, Strategy.LEAST_OUTSTANDING_REQUESTS, List.of(instances));
  }

  private static InstanceRoute instance(String name, int inFlight) {
    var route =
        new InstanceRoute(
            new InstanceId(Owner.endpoint("e"), 1, "v", name), ExecutionMode.SERIAL, List.of());
    for (int i = 0; i < inFlight; i++) {
      route.begin();
    }
    return route;
  }

  @Test
  void the_share_of_a_variant_is_its_share_of_the_weights() {
    var variants = List.of(variant("a", 1), variant("none", 0), variant("b", 3));
    assertThat(Pick.byWeight(variants, 0.0)).extracting(VariantRoute::name).isEqualTo("a");
    assertThat(Pick.byWeight(variants, 0.24)).extracting(VariantRoute::name).isEqualTo("a");
    assertThat(Pick.byWeight(variants, 0.26)).extracting(VariantRoute::name).isEqualTo("b");
    assertThat(Pick.byWeight(variants, Math.nextDown(1.0)))
        .extracting(VariantRoute::name)
        .isEqualTo("b");
  }

  @Test
  void where_nothing_weighs_nothing_is_picked() {
    assertThat(Pick.byWeight(List.of(variant("a", 0)), 0.5)).isNull();
  }

  @Test
  void the_least_busy_instance_takes_it_wherever_the_search_starts() {
    var idle = instance("idle", 1);
    var variant = variant("a", 1, instance("x", 3), idle, instance("y", 2));
    for (double chance : new double[] {0, 0.4, 0.9}) {
      assertThat(Pick.instance(variant, chance)).isSameAs(idle);
    }
  }

  @Test
  void random_does_not_look_at_the_load() {
    var busy = instance("busy", 9);
    var variant = new VariantRoute("a", 1, Strategy.RANDOM, List.of(instance("x", 0), busy));
    assertThat(Pick.instance(variant, 0.7)).isSameAs(busy);
  }

  @Test
  void without_instances_there_is_none() {
    assertThat(Pick.instance(variant("a", 1), 0.5)).isNull();
  }
}
