package dev.berth.runtime.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
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
                .filter(candidate -> candidate.getPath().startsWith(folder.toString()))
                .toList(),
            "custom");
    assertThat(address.present()).hasValue(URI.create("unix://" + podman));
    assertThat(address.obstacle()).isEmpty();
  }

  @Test
  void podmans_sockets_are_looked_at_too() {
    assertThat(EngineAddress.of(Map.of("XDG_RUNTIME_DIR", "/x")).candidates())
        .extracting(URI::toString)
        .containsExactly(
            "unix:///var/run/docker.sock",
            "unix:///x/docker.sock",
            "unix:///x/podman/podman.sock",
            "unix:///run/podman/podman.sock");
  }

  @Test
  void the_context_in_use_names_the_engine(@TempDir Path folder) throws IOException {
    context(folder, "mine", "unix:///mine.sock");
    Files.writeString(folder.resolve("config.json"), "{\"currentContext\": \"mine\"}");
    var address = EngineAddress.of(Map.of("DOCKER_CONFIG", folder.toString()));
    assertThat(address.candidates()).containsExactly(URI.create("unix:///mine.sock"));
    assertThat(address.obstacle())
        .hasValueSatisfying(why ->
            assertThat(why).contains("unix:///mine.sock, named by context 'mine' of " + folder));
  }

  @Test
  void docker_context_goes_before_the_context_in_use_and_docker_host_before_both(
      @TempDir Path folder) throws IOException {
    context(folder, "mine", "unix:///mine.sock");
    context(folder, "other", "unix:///other.sock");
    Files.writeString(folder.resolve("config.json"), "{\"currentContext\": \"mine\"}");
    var environment =
        new HashMap<>(Map.of("DOCKER_CONFIG", folder.toString(), "DOCKER_CONTEXT", "other"));
    assertThat(EngineAddress.of(environment))
        .isEqualTo(
            new EngineAddress(
                List.of(URI.create("unix:///other.sock")), "context 'other' of DOCKER_CONTEXT"));
    environment.put("DOCKER_HOST", "unix:///host.sock");
    assertThat(EngineAddress.of(environment))
        .isEqualTo(new EngineAddress(List.of(URI.create("unix:///host.sock")), "DOCKER_HOST"));
  }

  @Test
  void the_default_context_is_no_choice(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"currentContext\": \"default\"}");
    assertThat(EngineAddress.of(Map.of("DOCKER_CONFIG", folder.toString())).origin())
        .isEqualTo("custom");
  }

  @Test
  void a_context_that_does_not_exist_is_an_obstacle(@TempDir Path folder) {
    assertThat(
            EngineAddress.of(
                    Map.of("DOCKER_CONFIG", folder.toString(), "DOCKER_CONTEXT", "nowhere"))
                .obstacle())
        .hasValueSatisfying(
            why -> assertThat(why).contains("looked at nothing, named by context 'nowhere'"));
  }

  /** As {@code docker context create} writes it. */
  private static void context(Path folder, String name, String host) throws IOException {
    String hash = Hashing.sha256().hashString(name, UTF_8).toString();
    Path meta = Files.createDirectories(folder.resolve("contexts/meta").resolve(hash));
    Files.writeString(
        meta.resolve("meta.json"),
        "{\"Name\": \"%s\", \"Metadata\": {}, \"Endpoints\": {\"docker\": {\"Host\": \"%s\", \"SkipTLSVerify\": false}}}"
            .formatted(name, host));
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
