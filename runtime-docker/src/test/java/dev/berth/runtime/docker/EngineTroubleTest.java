package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of instances when their engine goes, comes back or doesn't answer. */
class EngineTroubleTest {
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final InstanceId GREEN =
      new InstanceId(Owner.endpoint("ep-1"), 1, "green", "i-0123456789abcdef1");
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static PrivateEngine engine;

  private final String installation = TestEngine.newInstallation();
  private DockerRuntime runtime;

  @BeforeAll
  static void startEngine() throws IOException, InterruptedException {
    engine = PrivateEngine.start();
  }

  @AfterAll
  static void stopEngine() throws IOException, InterruptedException {
    if (engine != null) {
      engine.discard();
    }
  }

  @BeforeEach
  void open() {
    runtime = TestEngine.runtime(installation, engine.address());
    assertThat(objects()).as("containers, networks and volumes before").isEmpty();
  }

  @AfterEach
  void nothing_is_left_on_the_engine() throws Exception {
    engine.thaw();
    runtime.instances().forEach(instance -> runtime.stop(instance.id()));
    await().atMost(PATIENCE).until(() -> runtime.instances().isEmpty());
    runtime.close();
    assertThat(objects()).as("containers, networks and volumes after").isEmpty();
  }

  /** The engine is this test's alone: what isn't the engine's own was made here. */
  @Test
  void all_that_is_made_on_the_engine_carries_the_installations_label() {
    InstanceSpec plain = TestEngine.spec(BLUE, LONG, Map.of());
    runtime.start(
        new InstanceSpec(
            BLUE,
            "shop",
            Optional.of("ml.m5.large"),
            List.of(
                TestEngine.named("prepare", TestEngine.SERVER, Map.of(), Optional.empty()),
                TestEngine.named("model", TestEngine.SERVER, Map.of(), Optional.empty())),
            plain.executionMode(),
            LONG,
            new NetworkSpec(false, List.of("subnet-1"), List.of("sg-1")),
            Optional.empty()));
    await()
        .atMost(PATIENCE)
        .until(() -> TestEngine.state(runtime, BLUE) instanceof InstanceState.InService);
    var label = Map.entry("dev.berth.installation", installation);
    assertThat(engine.client().listContainersCmd().withShowAll(true).exec())
        .hasSize(2)
        .allSatisfy(container -> assertThat(container.getLabels()).contains(label));
    assertThat(engine.client().listNetworksCmd().exec())
        .filteredOn(network -> !Set.of("bridge", "host", "none").contains(network.getName()))
        .hasSize(2)
        .allSatisfy(network -> assertThat(network.getLabels()).contains(label));
    assertThat(engine.client().listVolumesCmd().exec().getVolumes())
        .hasSize(2)
        .allSatisfy(volume -> assertThat(volume.getLabels()).contains(label));
  }

  @Test
  void a_restart_of_the_engine_fails_what_it_ended_and_what_follows_comes_in_service()
      throws Exception {
    start(BLUE);
    engine.end();
    engine.begin();
    assertThat(failure(BLUE)).contains("while it was in service");
    runtime.stop(BLUE);
    start(GREEN);
    assertThat(invoke(runtime, GREEN, "hello")).isEqualTo("hello");
    await().atMost(PATIENCE).until(() -> TestEngine.state(runtime, BLUE) == null);
  }

  @Test
  void an_instance_started_while_the_engine_is_away_comes_in_service_when_it_is_back()
      throws Exception {
    start(BLUE); // so that the engine was there once
    engine.end();
    runtime.start(TestEngine.spec(GREEN, LONG, Map.of()));
    await()
        .atMost(PATIENCE)
        .until(() ->
            TestEngine.state(runtime, GREEN) instanceof InstanceState.Starting(String step)
                && step.contains("trying again"));
    engine.begin();
    await()
        .atMost(PATIENCE)
        .until(() -> TestEngine.state(runtime, GREEN) instanceof InstanceState.InService);
  }

  @Test
  void an_instance_stopped_while_the_engine_is_away_goes_when_it_is_back() throws Exception {
    start(BLUE);
    engine.end();
    runtime.stop(BLUE);
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.Stopping.class);
    engine.begin();
    await().atMost(PATIENCE).until(() -> runtime.instances().isEmpty());
  }

  @Test
  void an_instance_comes_in_service_when_the_engine_has_no_addresses_left_for_networks()
      throws Exception {
    var others = new ArrayList<String>();
    try {
      assertThatThrownBy(
              () -> {
                while (others.size() < 100) {
                  String name = "other-" + others.size();
                  others.add(engine.client().createNetworkCmd().withName(name).exec().getId());
                }
              })
          .hasMessageContaining("address pool");
      start(BLUE);
      start(GREEN);
      assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
      assertThat(invoke(runtime, GREEN, "hello")).isEqualTo("hello");
    } finally {
      others.forEach(network -> engine.client().removeNetworkCmd(network).exec());
    }
  }

  @Test
  void an_instance_serves_on_while_the_engine_answers_nobody() throws Exception {
    start(BLUE);
    engine.freeze();
    int before = Integer.parseInt(invoke(runtime, BLUE, "pings"));
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(Integer.parseInt(invoke(runtime, BLUE, "pings"))).isGreaterThan(before + 3));
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.InService.class);
    engine.thaw();
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.InService.class);
  }

  @Test
  void an_instance_started_while_the_engine_answers_nobody_comes_up_once_it_does()
      throws Exception {
    start(BLUE);
    engine.freeze();
    runtime.start(TestEngine.spec(GREEN, LONG, Map.of()));
    runtime.stop(BLUE);
    assertThat(TestEngine.state(runtime, GREEN)).isInstanceOf(InstanceState.Starting.class);
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.Stopping.class);
    engine.thaw();
    await()
        .atMost(PATIENCE)
        .until(() ->
            TestEngine.state(runtime, GREEN) instanceof InstanceState.InService
                && TestEngine.state(runtime, BLUE) == null);
  }

  @Test
  void an_image_removed_while_it_serves_changes_nothing_until_the_next_start_names_it()
      throws Exception {
    String image = "berth-test/doomed:" + installation;
    engine.client().tagImageCmd(TestEngine.SERVER, "berth-test/doomed", installation).exec();
    runtime.start(
        TestEngine.spec(
            BLUE, LONG, TestEngine.container(image, Map.of(), Optional.empty(), Map.of())));
    await()
        .atMost(PATIENCE)
        .until(() -> TestEngine.state(runtime, BLUE) instanceof InstanceState.InService);
    engine.client().removeImageCmd(image).withForce(true).exec();
    assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
    InstanceId next = new InstanceId(Owner.endpoint("ep-1"), 2, "blue", "i-0123456789abcdef2");
    runtime.start(
        TestEngine.spec(
            next, LONG, TestEngine.container(image, Map.of(), Optional.empty(), Map.of())));
    assertThat(failure(next)).contains(image, "can't be pulled");
  }

  private void start(InstanceId id) {
    runtime.start(TestEngine.spec(id, LONG, Map.of()));
    await()
        .atMost(PATIENCE)
        .until(() -> TestEngine.state(runtime, id) instanceof InstanceState.InService);
  }

  private String failure(InstanceId id) {
    await()
        .atMost(PATIENCE)
        .until(() -> TestEngine.state(runtime, id) instanceof InstanceState.Failed);
    return ((InstanceState.Failed) TestEngine.state(runtime, id)).reason();
  }

  private List<String> objects() {
    return TestEngine.objects(engine.client(), installation);
  }
}
