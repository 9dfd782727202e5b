package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.DockerClient;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import dev.berth.runtime.docker.IsolationGuard.Commands;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a container under EnableNetworkIsolation reaches, tried from inside. */
class IsolationTest {
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final InstanceId GREEN =
      new InstanceId(Owner.endpoint("ep-1"), 1, "green", "i-0123456789abcdef1");
  private static final NetworkSpec ISOLATED = new NetworkSpec(true, List.of(), List.of());
  private static DockerClient docker;

  private final String installation = TestEngine.newInstallation();
  private ServerSocket tcp;
  private DatagramSocket udp;
  private DockerRuntime runtime;

  @BeforeAll
  static void requireEngine() throws IOException, InterruptedException {
    docker = TestEngine.require();
    Optional<String> obstacle = new IsolationGuard().obstacle();
    assumeTrue(obstacle.isEmpty(), () -> "no isolation here: " + obstacle.orElseThrow());
  }

  @BeforeEach
  void listenOnAllAddresses() throws IOException {
    tcp = new ServerSocket(0); // connections are complete before they are accepted
    udp = new DatagramSocket(0);
    Thread.startVirtualThread(() -> {
      var packet = new DatagramPacket(new byte[16], 16);
      try {
        while (true) {
          udp.receive(packet);
          udp.send(packet);
        }
      } catch (IOException _) {
        // closed
      }
    });
  }

  @AfterEach
  void nothingIsLeftOnTheEngine() throws IOException {
    TestEngine.clear(runtime, installation);
    runtime.close();
    tcp.close();
    udp.close();
  }

  @Test
  void an_isolated_container_serves_the_gateway_and_reaches_nobody() throws Exception {
    open(new IsolationGuard());
    start(GREEN, NetworkSpec.UNRESTRICTED);
    start(BLUE, ISOLATED);

    assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
    List<String> targets = targets(GREEN, BLUE);
    assertThat(reached(BLUE, targets)).isEmpty();
    assertThat(invoke(runtime, BLUE, "raw")).isEqualTo("Operation not permitted");
    assertThat(invoke(runtime, BLUE, "resolve " + resolvable())).doesNotMatch("[0-9.]+");
    // The same questions are answered where nothing isolates.
    assertThat(reached(GREEN, targets))
        .contains("tcp %s %d".formatted(bridge(GREEN).getHostAddress(), tcp.getLocalPort()))
        .contains("udp %s %d".formatted(bridge(GREEN).getHostAddress(), udp.getLocalPort()));
  }

  @Test
  void an_isolated_container_is_reached_by_no_other() throws Exception {
    open(new IsolationGuard());
    start(GREEN, NetworkSpec.UNRESTRICTED);
    start(BLUE, ISOLATED);

    assertThat(reached(GREEN, List.of("tcp %s 8080".formatted(address(BLUE))))).isEmpty();
  }

  /** The guard is what keeps it: without, the engine's own isolation leaves this machine open. */
  @Test
  void without_the_guard_this_machine_would_be_reached() throws Exception {
    Commands nothing = _ -> new Commands.Result(0, "");
    open(new IsolationGuard("nogrd-", Duration.ofSeconds(10), nothing));
    start(GREEN, NetworkSpec.UNRESTRICTED);
    start(BLUE, ISOLATED);

    assertThat(reached(BLUE, targets(GREEN, BLUE)))
        .contains("tcp %s %d".formatted(bridge(BLUE).getHostAddress(), tcp.getLocalPort()))
        .contains("udp %s %d".formatted(bridge(BLUE).getHostAddress(), udp.getLocalPort()));
  }

  @Test
  void there_are_no_credentials_inside() throws Exception {
    runtime = TestEngine.runtime(installation, TestEngine.accessWithRoles(), new IsolationGuard());
    start(GREEN, NetworkSpec.UNRESTRICTED);
    start(BLUE, ISOLATED);

    assertThat(invoke(runtime, GREEN, "env AWS_CONTAINER_AUTHORIZATION_TOKEN")).isEqualTo("t");
    assertThat(invoke(runtime, BLUE, "env AWS_CONTAINER_AUTHORIZATION_TOKEN"))
        .isEqualTo("(not set)");
    assertThat(invoke(runtime, BLUE, "read /proc/net/dev")).doesNotContain("eth1");
  }

  @Test
  void where_the_rule_can_not_be_made_nothing_is_started() {
    Commands refusing =
        command ->
            new Commands.Result(
                command.contains("-S") ? 0 : 4,
                "iptables v1.8.9: Permission denied (you must be root)\n");
    open(new IsolationGuard("nogrd-", Duration.ofSeconds(10), refusing));
    runtime.start(spec(BLUE, ISOLATED));

    assertThat(awaitFailure(runtime, BLUE))
        .contains(
            "EnableNetworkIsolation can't be guaranteed here",
            "Permission denied (you must be root)",
            "run Berth as root");
    assertThat(TestEngine.objects(installation)).isEmpty();
  }

  @Test
  void an_isolated_instance_ends_when_the_rule_is_gone_and_can_not_be_made_again() {
    var isBroken = new AtomicBoolean();
    Commands commands = _ -> new Commands.Result(isBroken.get() ? 1 : 0, "broken");
    open(new IsolationGuard("nogrd-", Duration.ofMillis(50), commands));
    start(BLUE, ISOLATED);
    isBroken.set(true);

    assertThat(awaitFailure(runtime, BLUE))
        .contains("its network isolation can't be guaranteed any more", "broken");
  }

  @Test
  void a_removed_rule_is_made_again() throws Exception {
    var guard = new IsolationGuard("nogr2-", Duration.ofMillis(50), IsolationGuard::run);
    open(guard);
    start(BLUE, ISOLATED);
    String target = "tcp %s %d".formatted(bridge(BLUE).getHostAddress(), tcp.getLocalPort());
    assertThat(reached(BLUE, List.of(target))).isEmpty();
    removeRules("nogr2-");

    await().until(() -> hasRule("nogr2-"));
    assertThat(reached(BLUE, List.of(target))).isEmpty();
    TestEngine.clear(runtime, installation);
    removeRules("nogr2-");
  }

  private static boolean hasRule(String prefix) throws IOException, InterruptedException {
    return IsolationGuard.run(List.of("iptables", "-w", "-t", "mangle", "-S", "INPUT"))
        .output()
        .contains(prefix);
  }

  private static void removeRules(String prefix) throws IOException, InterruptedException {
    for (String family : List.of("iptables", "ip6tables")) {
      IsolationGuard.run(
          List.of(
              family,
              "-w",
              "-t",
              "mangle",
              "-D",
              "INPUT",
              "-i",
              prefix + "+",
              "-m",
              "conntrack",
              "!",
              "--ctstate",
              "ESTABLISHED,RELATED",
              "-j",
              "DROP"));
    }
  }

  private void open(IsolationGuard guard) {
    runtime = TestEngine.runtime(installation, DockerAccess.none(), guard);
  }

  private void start(InstanceId id, NetworkSpec network) {
    runtime.start(spec(id, network));
    awaitInService(runtime, id);
  }

  private static InstanceSpec spec(InstanceId id, NetworkSpec network) {
    InstanceSpec plain = TestEngine.spec(id, Duration.ofSeconds(20), Map.of());
    return new InstanceSpec(
        plain.id(),
        plain.ownerName(),
        plain.instanceType(),
        plain.containers(),
        plain.executionMode(),
        plain.startupTimeout(),
        network,
        Optional.of("arn:aws:iam::111122223333:role/Shop"));
  }

  /** Returns the questions of those that reach something. */
  private List<String> reached(InstanceId from, List<String> questions) throws Exception {
    return invoke(runtime, from, String.join("\n", questions)).lines().toList();
  }

  /** This machine by each of its addresses, link-local ones included, and who else there may be. */
  private List<String> targets(InstanceId other, InstanceId own) throws SocketException {
    var targets = new ArrayList<String>();
    for (InetAddress address : addresses(own, other)) {
      // A container's one interface is its second, after the loopback's.
      String scope = address.isLinkLocalAddress() && !(address instanceof Inet4Address) ? " 2" : "";
      String host = address.getHostAddress().replaceFirst("%.*", "");
      targets.add("tcp %s %d%s".formatted(host, tcp.getLocalPort(), scope));
      targets.add("udp %s %d%s".formatted(host, udp.getLocalPort(), scope));
    }
    targets.add("tcp %s 8080".formatted(address(other)));
    targets.add("tcp 169.254.169.254 80");
    targets.add("tcp 169.254.170.2 %d".formatted(tcp.getLocalPort()));
    targets.add("udp 224.0.0.251 %d".formatted(udp.getLocalPort()));
    return targets;
  }

  private List<InetAddress> addresses(InstanceId... instances) throws SocketException {
    var addresses = new ArrayList<InetAddress>();
    for (InstanceId instance : instances) {
      addresses.add(bridge(instance));
    }
    NetworkInterface.networkInterfaces()
        .filter(network -> !network.getName().startsWith("veth"))
        .filter(IsolationTest::isUp)
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> !address.isLoopbackAddress() && !addresses.contains(address))
        .limit(10) // others may be running tests here
        .forEach(addresses::add);
    return addresses;
  }

  private static boolean isUp(NetworkInterface network) {
    try {
      return network.isUp();
    } catch (SocketException _) {
      return false; // another test's, and gone
    }
  }

  /** Returns this machine's address in an instance's network. */
  private InetAddress bridge(InstanceId id) {
    var network =
        docker.inspectNetworkCmd().withNetworkId(networkName(id)).exec().getIpam().getConfig();
    return InetAddress.ofLiteral(network.getFirst().getGateway());
  }

  private String address(InstanceId id) {
    return docker
        .inspectContainerCmd(networkName(id))
        .exec()
        .getNetworkSettings()
        .getNetworks()
        .get(networkName(id))
        .getIpAddress();
  }

  private String networkName(InstanceId id) {
    return Assignment.of(spec(id, NetworkSpec.UNRESTRICTED)).networkName(installation);
  }

  /** A name that the engine's name server would have to ask others for. */
  private static String resolvable() {
    return "deb.debian.org";
  }
}
