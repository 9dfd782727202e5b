package dev.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.RoleEndpoint;
import dev.berth.identity.CredentialIssuer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimesTest {
  @TempDir Path folder;

  @Test
  void auto_runs_embedded_images_without_an_engine() {
    try (ContainerRuntime runtime = withoutEngine("auto")) {
      assertThat(runtime.refusal("berth/xgboost")).isEmpty();
    }
  }

  @Test
  void auto_without_an_engine_says_where_it_looked_for_one() {
    try (ContainerRuntime runtime = withoutEngine("auto")) {
      assertThat(runtime.refusal("mine:1"))
          .hasValueSatisfying(why -> assertThat(why).contains("mine:1", folder + "/docker.sock"));
    }
  }

  @Test
  void docker_without_an_engine_stops_the_start() {
    assertThatThrownBy(() -> withoutEngine("docker"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(folder + "/docker.sock");
  }

  @Test
  void a_data_folder_keeps_its_identity() {
    String id = Runtimes.installation(folder);
    assertThat(id).matches("[0-9a-f]{16}");
    assertThat(Runtimes.installation(folder)).isEqualTo(id);
  }

  private RoleEndpoint roles() {
    return new ContainerEdge(
        folder.resolve("port"),
        CredentialIssuer.open(folder.resolve("key"), Duration.ofHours(1), InstantSource.system()));
  }

  private ContainerRuntime withoutEngine(String runtime) {
    return Runtimes.of(
        ServerConfig.load(Optional.empty(), Map.of("runtime", runtime)),
        folder,
        Map.of("DOCKER_HOST", "unix://" + folder + "/docker.sock"),
        roles(),
        InstantSource.system());
  }
}
