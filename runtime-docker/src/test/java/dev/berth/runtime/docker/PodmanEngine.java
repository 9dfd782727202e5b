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
 * A Podman of a test's own, behind the socket that speaks Docker's API; root's, for its bridges.
 */
final class PodmanEngine {
  private final Path folder;
  private final Process process;
  private final DockerClient client;

  private PodmanEngine(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder.resolve("networks"));
    Files.writeString(
        folder.resolve("containers.conf"),
        // Its own would be higher than who may not raise them has.
        "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=%1$s:%1$s\"]\n"
            .formatted(Files.readString(Path.of("/proc/sys/kernel/pid_max")).strip()));
    var command =
        new ProcessBuilder(
                "podman",
                "--root",
                folder.resolve("root").toString(),
                "--runroot",
                folder.resolve("run").toString(),
                "--tmpdir",
                folder.resolve("tmp").toString(),
                "--network-config-dir",
                folder.resolve("networks").toString(),
                "--cgroup-manager",
                "cgroupfs",
                "--events-backend",
                "file",
                "system",
                "service",
                "--time=0",
                socket())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    command.environment().put("CONTAINERS_CONF", folder.resolve("containers.conf").toString());
    this.process = command.start();
    this.client = TestEngine.client(URI.create(socket()));
  }

  /** Starts one with the test's images, or skips the test where that can't be. */
  static PodmanEngine start() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Stream.of("/usr/bin/podman", "/usr/local/bin/podman")
            .anyMatch(at -> Files.exists(Path.of(at))),
        "no podman (apt-get install podman)");
    Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "it needs root");
    var engine = new PodmanEngine(OwnedFolder.create("berth-podman"));
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> {
          assertThat(engine.process.isAlive()).isTrue();
          engine.client.pingCmd().exec();
          return true;
        });
    try {
      TestEngine.buildImages(engine.client);
    } catch (RuntimeException e) {
      engine.discard();
      throw e;
    }
    return engine;
  }

  EngineAddress address() {
    return EngineAddress.of(Map.of("DOCKER_HOST", socket()));
  }

  DockerClient client() {
    return client;
  }

  private String socket() {
    return "unix://" + folder.resolve("socket");
  }

  /** Ends it, and removes all it has. */
  void discard() throws IOException, InterruptedException {
    process.destroy();
    process.onExit().join();
    for (String mount : mounts()) {
      var _ = new ProcessBuilder("umount", "-l", mount).start().waitFor();
    }
    assertThat(new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor()).isZero();
  }

  private List<String> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .map(line -> line.split(" ", 3)[1])
        .filter(at -> at.startsWith(folder + "/"))
        .sorted(Comparator.reverseOrder())
        .toList();
  }
}
