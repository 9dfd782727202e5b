package dev.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.RoleEndpoint;
import dev.berth.identity.CredentialIssuer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimesTest {
  @TempDir Path folder;

  @Test
  void auto_runs_embedded_images_without_an_engine() {
    try (ContainerRuntime runtime = asking("auto")) {
      assertThat(runtime.refusal("berth/xgboost")).isEmpty();
    }
  }

  @Test
  void auto_without_an_engine_says_where_it_looked_for_one() {
    try (ContainerRuntime runtime = asking("auto")) {
      assertThat(runtime.refusal("mine:1"))
          .hasValueSatisfying(why -> assertThat(why).contains("mine:1", folder + "/docker.sock"));
    }
  }

  @Test
  void docker_without_an_engine_stops_the_start() {
    assertThatThrownBy(() -> asking("docker"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(folder + "/docker.sock");
  }

  @Test
  void a_data_folder_keeps_its_identity() {
    String id = Runtimes.installation(folder);
    assertThat(id).matches("[0-9a-f]{16}");
    assertThat(Runtimes.installation(folder)).isEqualTo(id);
  }

  @Test
  void no_engine_is_asked_where_there_never_was_a_container() throws IOException {
    try (var engine = listening();
        ContainerRuntime runtime = asking("docker")) {
      assertThat(runtime.instances()).isEmpty();

      assertThat(engine.accept()).isNull();
    }
  }

  @Test
  void an_engine_is_asked_for_what_runs_where_there_were_containers() throws IOException {
    Files.writeString(folder.resolve("containers.since"), "once");
    try (var engine = listening();
        ContainerRuntime runtime = asking("docker")) {
      assertThat(runtime.name()).isNotEmpty();

      await().until(() -> engine.accept() != null);
    }
  }

  @Test
  void the_first_container_is_noted_before_the_engine_is_asked() throws IOException {
    try (var engine = listening();
        ContainerRuntime runtime = asking("docker")) {
      runtime.start(
          new InstanceSpec(
              new InstanceId(Owner.endpoint("ep"), 1, "blue", "i-0123456789abcdef0"),
              "shop",
              Optional.empty(),
              List.of(
                  new ContainerSpec(
                      "primary",
                      Optional.empty(),
                      "mine:1",
                      RegistryAccess.PLATFORM,
                      Optional.empty(),
                      Map.of(),
                      Optional.empty(),
                      Map.of())),
              InstanceSpec.ExecutionMode.SERIAL,
              Duration.ofSeconds(10),
              NetworkSpec.UNRESTRICTED,
              Optional.empty()));

      await().until(() -> engine.accept() != null);
      assertThat(folder.resolve("containers.since")).exists();
    }
  }

  private ServerSocketChannel listening() throws IOException {
    var engine = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    engine.bind(UnixDomainSocketAddress.of(folder.resolve("docker.sock")));
    engine.configureBlocking(false);
    return engine;
  }

  private RoleEndpoint roles() {
    return new ContainerEdge(
        folder.resolve("port"),
        CredentialIssuer.open(folder.resolve("key"), Duration.ofHours(1), InstantSource.system()));
  }

  private ContainerRuntime asking(String runtime) {
    return Runtimes.of(
        ServerConfig.load(Optional.empty(), Map.of("runtime", runtime)),
        folder,
        Map.of("DOCKER_HOST", "unix://" + folder + "/docker.sock"),
        roles(),
        InstantSource.system());
  }
}
