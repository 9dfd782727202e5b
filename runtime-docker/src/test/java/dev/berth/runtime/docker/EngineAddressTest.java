package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineAddressTest {
  @Test
  void docker_host_alone_counts_where_it_is_set() {
    assertThat(
            EngineAddress.of(Map.of("DOCKER_HOST", "unix:///x.sock", "XDG_RUNTIME_DIR", "/run"))
                .candidates())
        .containsExactly(URI.create("unix:///x.sock"));
  }

  @Test
  void a_socket_that_is_there_goes_before_one_that_is_not(@TempDir Path folder) throws IOException {
    Path podman = Files.createDirectory(folder.resolve("podman")).resolve("podman.sock");
    Files.writeString(podman, "");
    var address =
        new EngineAddress(
            EngineAddress.of(Map.of("XDG_RUNTIME_DIR", folder.toString())).candidates().stream()
                .skip(1) // the machine's own
                .toList());
    assertThat(address.present()).hasValue(URI.create("unix://" + podman));
    assertThat(address.obstacle()).isEmpty();
  }

  @Test
  void an_engine_on_another_machine_is_refused() {
    assertThat(EngineAddress.of(Map.of("DOCKER_HOST", "tcp://192.0.2.1:2375")).obstacle())
        .hasValueSatisfying(why -> assertThat(why).contains("tcp://192.0.2.1:2375"));
  }

  @Test
  void without_an_engine_every_image_is_refused_and_the_sockets_are_named(@TempDir Path folder) {
    Path socket = folder.resolve("docker.sock");
    var address = EngineAddress.of(Map.of("DOCKER_HOST", "unix://" + socket));
    try (var runtime =
        new DockerRuntime(DockerConfig.of(address, "0", "us-east-1"), InstantSource.system())) {
      assertThat(runtime.refusal("mine:1"))
          .hasValueSatisfying(why -> assertThat(why).contains("mine:1", socket.toString()));
      assertThat(runtime.instances()).isEmpty();
    }
  }

  @Test
  void pauses_double_up_to_the_longest() {
    var health = DockerConfig.Health.standard();
    assertThat(java.util.stream.IntStream.of(1, 2, 5, 6, 60).mapToObj(health::pauseAfter))
        .containsExactly(
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(16),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30));
  }

  @Test
  void an_image_without_a_tag_is_pulled_as_latest() {
    assertThat(PullProgress.withTag("localhost:5000/mine")).isEqualTo("localhost:5000/mine:latest");
    assertThat(PullProgress.withTag("mine:2")).isEqualTo("mine:2");
    assertThat(PullProgress.withTag("mine@sha256:ab")).isEqualTo("mine@sha256:ab");
  }
}
