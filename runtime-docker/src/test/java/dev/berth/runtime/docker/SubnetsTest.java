package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ContainerNetwork;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whom containers of models with a VpcConfig reach. */
class SubnetsTest {
  private static final InstanceId BLUE = id("blue", "0");
  private static final InstanceId GREEN = id("green", "1");
  private static final InstanceId RED = id("red", "2");
  private static DockerClient docker;

  private final String installation = TestEngine.newInstallation();
  private DockerRuntime runtime;

  @BeforeAll
  static void requireEngine() throws IOException, InterruptedException {
    docker = TestEngine.require();
  }

  @AfterEach
  void nothingIsLeftOnTheEngine() {
    TestEngine.clear(runtime, installation);
    runtime.close();
  }

  @Test
  void who_shares_a_subnet_reaches_one_another_and_nobody_else() throws Exception {
    runtime = TestEngine.runtime(installation);
    start(BLUE, "subnet-a");
    start(GREEN, "subnet-b", "subnet-a");
    start(RED, "subnet-b");

    String shared = network("subnet-a");
    String green = "tcp %s 8080".formatted(networks(GREEN).get(shared));
    assertThat(invoke(runtime, BLUE, green).strip()).isEqualTo(green);
    for (String address : networks(RED).values()) {
      assertThat(invoke(runtime, BLUE, "tcp %s 8080".formatted(address))).isEmpty();
    }
  }

  @Test
  void a_subnets_network_goes_with_its_last_instance_also_after_a_restart() throws Exception {
    runtime = TestEngine.runtime(installation);
    start(BLUE, "subnet-a");
    start(GREEN, "subnet-a");
    runtime.close();
    runtime = TestEngine.runtime(installation);
    awaitInService(runtime, BLUE);
    awaitInService(runtime, GREEN);
    runtime.stop(BLUE);
    await().until(() -> runtime.instances().size() == 1);

    String network = network("subnet-a");
    assertThat(networks(GREEN)).containsKey(network);
    // once the last is stopped, nothing labelled is left: see nothingIsLeftOnTheEngine
  }

  @Test
  void a_mapped_subnet_is_a_network_that_others_have_made() throws Exception {
    String name = "berth-test-" + installation;
    docker.createNetworkCmd().withName(name).withInternal(true).exec();
    try {
      runtime = runtime(Map.of("subnet-a", name));
      start(BLUE, "subnet-a");

      assertThat(networks(BLUE)).containsKey(name);
      TestEngine.clear(runtime, installation);
      assertThat(docker.inspectNetworkCmd().withNetworkId(name).exec().getName()).isEqualTo(name);
    } finally {
      docker.removeNetworkCmd(name).exec();
    }
  }

  @Test
  void a_mapped_network_that_is_not_there_is_told() {
    runtime = runtime(Map.of("subnet-a", "no-such-network"));
    runtime.start(spec(BLUE, "subnet-a"));

    assertThat(awaitFailure(runtime, BLUE))
        .contains("the engine has no network 'no-such-network'", "vpc.subnets");
  }

  private DockerRuntime runtime(Map<String, String> subnets) {
    return TestEngine.runtime(
        installation,
        new DockerAccess(List.of(), DockerAccess.none().registries(), subnets, Optional.empty()),
        new IsolationGuard());
  }

  private void start(InstanceId id, String... subnets) {
    runtime.start(spec(id, subnets));
    awaitInService(runtime, id);
  }

  private String network(String subnet) {
    return "berth-%s-%s".formatted(Assignment.shortened(installation), subnet);
  }

  /** Returns an instance's address by network. */
  private Map<String, String> networks(InstanceId id) {
    return docker
        .inspectContainerCmd(Assignment.of(spec(id)).networkName(installation))
        .exec()
        .getNetworkSettings()
        .getNetworks()
        .entrySet()
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, network -> address(network.getValue())));
  }

  private static String address(ContainerNetwork network) {
    return String.valueOf(network.getIpAddress());
  }

  private static InstanceSpec spec(InstanceId id, String... subnets) {
    InstanceSpec plain = TestEngine.spec(id, Duration.ofSeconds(20), Map.of());
    return new InstanceSpec(
        plain.id(),
        plain.ownerName(),
        plain.instanceType(),
        plain.containers(),
        plain.executionMode(),
        plain.startupTimeout(),
        new NetworkSpec(false, List.of(subnets), List.of("sg-1")),
        Optional.empty());
  }

  private static InstanceId id(String variant, String digit) {
    return new InstanceId(Owner.endpoint("ep-1"), 1, variant, "i-0123456789abcdef" + digit);
  }
}
