package dev.berth.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ContainerRuntime} keeps. A runtime's tests extend this and say how to make one
 * and what it can run; each test gets a runtime of its own.
 */
public abstract class ContainerRuntimeContract {
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final InstanceId GREEN =
      new InstanceId(Owner.endpoint("ep-1"), 1, "green", "i-0123456789abcdef1");

  private ContainerRuntime runtime;

  /** Makes the contract; {@link #open()} gives each test its runtime. */
  protected ContainerRuntimeContract() {}

  /** Returns a new runtime that knows no instance; the contract closes it. */
  protected abstract ContainerRuntime open();

  /** Returns a spec, under {@code id}, of an instance that comes in service. */
  protected abstract InstanceSpec healthy(InstanceId id);

  /** Returns a spec, under {@code id}, of an instance that can't come in service. */
  protected abstract InstanceSpec broken(InstanceId id);

  /** Returns an image that this runtime refuses, empty when it runs any. */
  protected abstract Optional<String> foreignImage();

  @BeforeEach
  void openRuntime() {
    runtime = open();
  }

  @AfterEach
  void closeRuntime() {
    runtime.close();
  }

  @Test
  void a_started_instance_comes_in_service_with_one_target_for_each_container() {
    InstanceSpec spec = healthy(BLUE);
    runtime.start(spec);
    awaitInService(BLUE);
    assertThat(((InstanceState.InService) state(BLUE).orElseThrow()).targets())
        .hasSameSizeAs(spec.containers());
  }

  @Test
  void starting_an_instance_twice_is_starting_it_once() {
    runtime.start(healthy(BLUE));
    runtime.start(healthy(BLUE));
    awaitInService(BLUE);
    runtime.start(healthy(BLUE));
    assertThat(runtime.instances()).extracting(ObservedInstance::id).containsExactly(BLUE);
    assertThat(state(BLUE).orElseThrow()).isInstanceOf(InstanceState.InService.class);
  }

  @Test
  void an_instance_that_cannot_come_up_is_kept_as_failed_with_a_reason_that_names_its_variant() {
    runtime.start(broken(BLUE));
    awaitFailed(BLUE);
    assertThat(((InstanceState.Failed) state(BLUE).orElseThrow()).reason()).contains("blue");
  }

  @Test
  void a_failed_instance_is_forgotten_when_it_is_stopped() {
    runtime.start(broken(BLUE));
    awaitFailed(BLUE);
    runtime.stop(BLUE);
    awaitGone(BLUE);
  }

  @Test
  void a_stopped_instance_goes_and_leaves_the_others_alone() {
    runtime.start(healthy(BLUE));
    runtime.start(healthy(GREEN));
    awaitInService(BLUE);
    awaitInService(GREEN);
    runtime.stop(BLUE);
    awaitGone(BLUE);
    assertThat(state(GREEN).orElseThrow()).isInstanceOf(InstanceState.InService.class);
  }

  @Test
  void stopping_twice_is_stopping_once() {
    runtime.start(healthy(BLUE));
    awaitInService(BLUE);
    runtime.stop(BLUE);
    runtime.stop(BLUE);
    awaitGone(BLUE);
    runtime.stop(BLUE);
    assertThat(runtime.instances()).isEmpty();
  }

  @Test
  void stopping_an_unknown_instance_does_nothing() {
    assertThatCode(() -> runtime.stop(GREEN)).doesNotThrowAnyException();
    assertThat(runtime.instances()).isEmpty();
  }

  @Test
  void an_instance_stopped_while_it_starts_goes() {
    runtime.start(healthy(BLUE));
    runtime.stop(BLUE);
    awaitGone(BLUE);
  }

  @Test
  void a_stopped_instance_can_be_started_again() {
    runtime.start(healthy(BLUE));
    runtime.stop(BLUE);
    awaitGone(BLUE);
    runtime.start(healthy(BLUE));
    awaitInService(BLUE);
  }

  @Test
  void the_listener_is_told_when_an_instance_comes_in_service_and_when_it_goes() {
    Queue<InstanceId> told = new ConcurrentLinkedQueue<>();
    runtime.start(healthy(GREEN));
    awaitInService(GREEN);
    Queue<InstanceState> seen = new ConcurrentLinkedQueue<>();
    runtime.onChange(id -> {
      told.add(id);
      state(BLUE).ifPresent(seen::add);
    });
    runtime.start(healthy(BLUE));
    await().until(() -> seen.stream().anyMatch(InstanceState.InService.class::isInstance));
    awaitInService(BLUE);
    told.clear();
    runtime.stop(BLUE);
    awaitGone(BLUE);
    await().untilAsserted(() -> assertThat(told).isNotEmpty().containsOnly(BLUE));
  }

  @Test
  void a_healthy_instance_is_made_of_images_it_does_not_refuse() {
    assertThat(healthy(BLUE).containers())
        .allSatisfy(container -> assertThat(runtime.refusal(container.image())).isEmpty());
  }

  @Test
  void a_foreign_image_is_refused_with_a_reason_that_names_it() {
    assumeTrue(foreignImage().isPresent(), "this runtime runs any image");
    String image = foreignImage().orElseThrow();
    assertThat(runtime.refusal(image)).hasValueSatisfying(why -> assertThat(why).contains(image));
  }

  private void awaitInService(InstanceId id) {
    await().until(() -> state(id).filter(InstanceState.InService.class::isInstance).isPresent());
  }

  private void awaitFailed(InstanceId id) {
    await().until(() -> state(id).filter(InstanceState.Failed.class::isInstance).isPresent());
  }

  private void awaitGone(InstanceId id) {
    await().until(() -> state(id).isEmpty());
  }

  private Optional<InstanceState> state(InstanceId id) {
    return runtime.instances().stream()
        .filter(instance -> instance.id().equals(id))
        .map(ObservedInstance::state)
        .findFirst();
  }
}
