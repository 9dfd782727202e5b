package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.DockerClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A dockerd of a test's own, to be stopped and started as it likes. It leaves the machine's
 * firewall alone, and shares its default bridge without using it: told of another, or of none, it
 * would remove {@code docker0}.
 */
final class PrivateEngine {
  private final Path folder;
  private final String bridgeAddress;
  private Process process;
  private DockerClient client;

  private PrivateEngine(Path folder, String bridgeAddress) {
    this.folder = folder;
    this.bridgeAddress = bridgeAddress;
  }

  /** Starts one with the test's images, or skips the test where that can't be. */
  static PrivateEngine start() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Stream.of("/usr/sbin/dockerd", "/usr/bin/dockerd")
            .anyMatch(at -> Files.exists(Path.of(at))),
        "no dockerd (apt-get install docker.io)");
    Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "dockerd needs root");
    var engine =
        new PrivateEngine(OwnedFolder.create("berth-engine"), bridgeAddress(TestEngine.require()));
    engine.begin();
    TestEngine.buildImages(engine.client);
    return engine;
  }

  /** Returns the address that docker0 has, as {@code 172.17.0.1/16}. */
  private static String bridgeAddress(DockerClient machine) {
    var ipam = machine.inspectNetworkCmd().withNetworkId("bridge").exec().getIpam();
    String subnet = ipam.getConfig().getFirst().getSubnet();
    String gateway = ipam.getConfig().getFirst().getGateway();
    int prefix = subnet.indexOf('/');
    String first = subnet.substring(0, prefix).replaceFirst("0$", "1");
    return (gateway == null ? first : gateway) + subnet.substring(prefix);
  }

  EngineAddress address() {
    return EngineAddress.of(Map.of("DOCKER_HOST", socket()));
  }

  DockerClient client() {
    return client;
  }

  /** Starts it; what it had before is there again. */
  void begin() throws IOException {
    process =
        new ProcessBuilder(
                "dockerd",
                "--data-root",
                folder.resolve("data").toString(),
                "--exec-root",
                folder.resolve("exec").toString(),
                "--pidfile",
                folder.resolve("pid").toString(),
                "--host",
                socket(),
                "--bip",
                bridgeAddress,
                "--iptables=false",
                "--ip6tables=false",
                "--default-address-pool",
                "base=10.213.0.0/20,size=24")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    client = TestEngine.client(URI.create(socket()));
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> {
          assertThat(process.isAlive()).isTrue();
          client.pingCmd().exec();
          return true;
        });
  }

  /** Has it stop its containers and end, as a restart of the service does. */
  void end() {
    process.destroy();
    process.onExit().join();
  }

  /** Has it answer nobody. */
  void freeze() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** Has it answer again. */
  void thaw() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  private String socket() {
    return "unix://" + folder.resolve("docker.sock");
  }

  /** Ends it, and removes all it has. */
  void discard() throws IOException, InterruptedException {
    thaw();
    List<String> bridges = bridges();
    end();
    for (String bridge : bridges) {
      var _ = new ProcessBuilder("ip", "link", "delete", bridge).start().waitFor();
    }
    for (String mount : mounts()) {
      var _ = new ProcessBuilder("umount", "-l", mount).start().waitFor();
    }
    assertThat(new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor()).isZero();
  }

  /** Bridges of networks, which the engine leaves on the machine. */
  private List<String> bridges() {
    return client.listNetworksCmd().exec().stream()
        .filter(network -> network.getDriver().equals("bridge"))
        .filter(network -> !network.getName().equals("bridge"))
        .map(network -> "br-" + network.getId().substring(0, 12))
        .toList();
  }

  private List<String> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .map(line -> line.split(" ", 3)[1])
        .filter(at -> at.startsWith(folder + "/"))
        .sorted(Comparator.reverseOrder())
        .toList();
  }
}
