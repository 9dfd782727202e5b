package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What is in the way of the network of roles. */
class RolesNetworkTest {
  private static final String OWN = "br-aaaaaaaaaaaa";
  private static final String OTHER = "br-bbbbbbbbbbbb";
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final InstanceId GREEN =
      new InstanceId(Owner.endpoint("ep-1"), 1, "green", "i-0123456789abcdef1");

  private final String installation = TestEngine.newInstallation();
  private final String link =
      "br-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()).substring(0, 12);
  private DockerRuntime runtime;

  @AfterEach
  void nothingIsLeft() throws IOException, InterruptedException {
    if (NetworkInterface.getByName(link) != null) {
      ip("link", "delete", link);
    }
    if (runtime != null) {
      TestEngine.clear(runtime, installation);
      runtime.close();
    }
  }

  // routes as /proc/net/route has them

  @Test
  void alone_the_networks_bridge_has_its_packets() {
    assertThat(inTheWay(whole(OWN, 0))).isEmpty();
  }

  @Test
  void of_two_with_all_addresses_the_first_has_the_packets() {
    assertThat(inTheWay(whole(OTHER, 0), whole(OWN, 0))).contains(OTHER);
    assertThat(inTheWay(whole(OWN, 0), whole(OTHER, 0))).isEmpty();
  }

  @Test
  void of_two_with_all_addresses_the_lower_metric_has_the_packets() {
    assertThat(inTheWay(whole(OWN, 100), whole(OTHER, 0))).contains(OTHER);
    assertThat(inTheWay(whole(OTHER, 100), whole(OWN, 0))).isEmpty();
  }

  @Test
  void who_has_some_of_the_addresses_has_their_packets() {
    assertThat(inTheWay(whole(OWN, 0), OTHER + " 00ABFEA9 00000000 0001 0 0 0 00FFFFFF 0 0 0"))
        .contains(OTHER);
  }

  @Test
  void who_has_more_than_the_addresses_is_in_nobodys_way() {
    assertThat(
            inTheWay(
                "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0",
                "eth0 0000FEA9 00000000 0001 0 0 0 0000FFFF 0 0 0",
                whole(OWN, 0)))
        .isEmpty();
  }

  @Test
  void before_there_is_a_bridge_whoever_has_the_addresses_is_in_the_way() {
    assertThat(RolesNetwork.inTheWay(List.of("Iface", whole(OTHER, 0)), Optional.empty()))
        .contains(OTHER);
  }

  private static Optional<String> inTheWay(String... routes) {
    return RolesNetwork.inTheWay(
        ("Iface\n" + String.join("\n", routes)).lines().toList(), Optional.of(OWN));
  }

  private static String whole(String name, int metric) {
    return "%s 00AAFEA9 00000000 0001 0 0 %d 00FEFFFF 0 0 0".formatted(name, metric);
  }

  // a real link

  @Test
  void who_cannot_reach_the_credentials_gets_none_and_is_told_why() throws Exception {
    open();
    addLink();
    start(BLUE);

    assertThat(token(BLUE)).isEqualTo("(not set)");
    assertThat(note(BLUE))
        .contains("no credentials of its role: 169.254.170.2", link, "ip link delete " + link);
    assertThat(EngineCheck.ofRoles(TestEngine.ADDRESS))
        .satisfies(check -> assertThat(check.isUsable()).isFalse())
        .satisfies(check -> assertThat(check.found()).contains(link))
        .satisfies(check -> assertThat(check.advice()).contains("ip link delete " + link));
  }

  @Test
  void once_the_link_is_gone_new_instances_get_credentials() throws Exception {
    open();
    addLink();
    start(BLUE);
    assertThat(token(BLUE)).isEqualTo("(not set)");
    ip("link", "delete", link);
    start(GREEN);

    assertThat(token(GREEN)).isEqualTo("t");
    assertThat(note(GREEN)).isEmpty();
    assertThat(EngineCheck.ofRoles(TestEngine.ADDRESS).isUsable()).isTrue();
  }

  /** Adds a bridge with addresses of the network that no container has. */
  private void addLink() throws IOException, InterruptedException {
    ip("link", "add", link, "type", "bridge");
    ip("addr", "add", "169.254.171.253/30", "dev", link);
    ip("link", "set", link, "up");
  }

  private static void ip(String... arguments) throws IOException, InterruptedException {
    var command = new java.util.ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, said).isZero();
  }

  private void open() throws IOException, InterruptedException {
    TestEngine.require();
    Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "links need root");
    runtime = TestEngine.runtime(installation, TestEngine.accessWithRoles(), new IsolationGuard());
  }

  private void start(InstanceId id) {
    runtime.start(
        new InstanceSpec(
            id,
            "shop",
            Optional.empty(),
            List.of(TestEngine.container(TestEngine.SERVER, Map.of(), Optional.empty(), Map.of())),
            InstanceSpec.ExecutionMode.SERIAL,
            Duration.ofSeconds(60),
            NetworkSpec.UNRESTRICTED,
            Optional.of("arn:aws:iam::123456789012:role/shop")));
    TestEngine.awaitInService(runtime, id);
  }

  private String token(InstanceId id) throws IOException, InterruptedException {
    return invoke(runtime, id, "env AWS_CONTAINER_AUTHORIZATION_TOKEN");
  }

  private String note(InstanceId id) {
    return runtime.instances().stream()
        .filter(instance -> instance.id().equals(id))
        .map(ObservedInstance::note)
        .findFirst()
        .orElseThrow();
  }
}
