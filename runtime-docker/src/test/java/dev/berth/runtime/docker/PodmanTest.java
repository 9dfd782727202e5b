package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.invoke;
import static dev.berth.runtime.docker.TestEngine.named;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import dev.berth.testing.ContainerRuntimeContract;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract on Podman, what else works there, and how what doesn't is refused. */
class PodmanTest extends ContainerRuntimeContract {
  private static final InstanceId SHOP =
      new InstanceId(Owner.endpoint("ep-9"), 1, "shop", "i-0123456789abcdef9");
  private static final Duration LONG = Duration.ofSeconds(20);
  private static PodmanEngine engine;

  private final String installation = TestEngine.newInstallation();
  private ContainerRuntime runtime;

  @BeforeAll
  static void startEngine() throws IOException, InterruptedException {
    engine = PodmanEngine.start();
  }

  @AfterAll
  static void stopEngine() throws IOException, InterruptedException {
    if (engine != null) {
      engine.discard();
    }
  }

  @AfterEach
  void nothing_is_left_on_the_engine() {
    runtime.instances().forEach(instance -> runtime.stop(instance.id()));
    await().until(() -> runtime.instances().isEmpty());
    assertThat(TestEngine.objects(engine.client(), installation)).isEmpty();
  }

  @Override
  protected ContainerRuntime open() {
    runtime = TestEngine.runtime(installation, engine.address());
    return runtime;
  }

  @Override
  protected InstanceSpec healthy(InstanceId id) {
    return TestEngine.spec(id, LONG, Map.of());
  }

  @Override
  protected InstanceSpec broken(InstanceId id) {
    return TestEngine.spec(id, Duration.ofMillis(500), Map.of("PING", "500"));
  }

  @Override
  protected Optional<String> foreignImage() {
    return Optional.empty();
  }

  @Test
  void a_pipelines_containers_serve_and_the_next_process_goes_on_with_them() throws Exception {
    runtime.start(
        TestEngine.pipeline(
            SHOP,
            LONG,
            named("prepare", TestEngine.SERVER, Map.of("ME", "first"), Optional.empty()),
            named("model", TestEngine.SERVER, Map.of("ME", "second"), Optional.empty())));
    TestEngine.awaitInService(runtime, SHOP);
    List<String> before = TestEngine.objects(engine.client(), installation);
    runtime.close();
    runtime = TestEngine.runtime(installation, engine.address());
    TestEngine.awaitInService(runtime, SHOP);
    assertThat(invoke(runtime, SHOP, 0, "env ME")).isEqualTo("first");
    assertThat(invoke(runtime, SHOP, 1, "env ME")).isEqualTo("second");
    assertThat(TestEngine.objects(engine.client(), installation))
        .containsExactlyInAnyOrderElementsOf(before);
  }

  @Test
  void a_container_that_exits_in_service_fails_with_its_exit_code() {
    runtime.start(healthy(SHOP));
    TestEngine.awaitInService(runtime, SHOP);
    TestEngine.send(runtime, SHOP, "exit 7");
    assertThat(TestEngine.awaitFailure(runtime, SHOP))
        .contains("exited with code 7 while it was in service");
  }

  /** It would start without a word. */
  @Test
  void a_type_with_gpus_is_refused_as_podman_would_pass_over_them() {
    runtime.start(TestEngine.typed(SHOP, LONG, "ml.g5.xlarge"));
    assertThat(TestEngine.awaitFailure(runtime, SHOP))
        .contains("passes over requests for gpus", "use Docker with the NVIDIA Container Toolkit");
  }

  /** Its bridges have names of its own, which no rule of the firewall knows. */
  @Test
  void network_isolation_is_refused_with_what_is_missing() {
    InstanceSpec plain = healthy(SHOP);
    runtime.start(
        new InstanceSpec(
            plain.id(),
            plain.ownerName(),
            plain.instanceType(),
            plain.containers(),
            plain.executionMode(),
            plain.startupTimeout(),
            new NetworkSpec(true, List.of(), List.of()),
            Optional.empty()));
    assertThat(TestEngine.awaitFailure(runtime, SHOP))
        .contains("EnableNetworkIsolation can't be guaranteed here");
  }
}
