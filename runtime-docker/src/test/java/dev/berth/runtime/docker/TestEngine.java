package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.BuildImageResultCallback;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.RoleEndpoint;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Assumptions;

/**
 * The engine that {@code DOCKER_HOST} or the usual socket leads to, with images of a small server
 * that is compiled here ({@code src/test/c/server.c}).
 */
final class TestEngine {
  private static final Path SOURCE = Path.of("src/test/c/server.c").toAbsolutePath();

  /** Other sources make other images, so that two clones can test on one engine. */
  private static final String VERSION = version();

  /** Its ENTRYPOINT is the server. */
  static final String SERVER = "berth-test/server:" + VERSION;

  /** The same without the label that several containers need. */
  static final String UNLABELLED = "berth-test/unlabelled:" + VERSION;

  /** The server is not on its PATH, and it has no ENTRYPOINT. */
  static final String WITHOUT_SERVE = "berth-test/without-serve:" + VERSION;

  static final EngineAddress ADDRESS = EngineAddress.of(System.getenv());
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static DockerClient client;

  private TestEngine() {}

  /** Skips the test without an engine or a C compiler; else sees that the images are there. */
  static synchronized DockerClient require() throws IOException, InterruptedException {
    if (client != null) {
      return client;
    }
    Assumptions.assumeTrue(
        ADDRESS.obstacle().isEmpty(),
        () -> "no engine: " + ADDRESS.obstacle().orElseThrow() + "; bin/with-docker.sh runs one");
    URI address = ADDRESS.present().orElseThrow();
    DockerClient found = client(address);
    try {
      found.pingCmd().exec();
    } catch (RuntimeException e) {
      Assumptions.abort("no engine: %s does not answer: %s".formatted(address, e.getMessage()));
    }
    buildImages(found);
    client = found;
    return found;
  }

  /** Returns a client of the engine at an address. */
  static DockerClient client(URI address) {
    return DockerClientImpl.getInstance(
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(address.toString())
            .build(),
        new ZerodepDockerHttpClient.Builder().dockerHost(address).build());
  }

  /** Builds the images on an engine that may not have them. */
  static void buildImages(DockerClient found) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("berth-test-image");
    Path log = folder.resolve("gcc.log");
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-static", "-Os", "-o", "server", SOURCE.toString())
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("no C compiler: " + e.getMessage());
      throw e;
    }
    assertThat(gcc.waitFor()).as(Files.readString(log)).isZero();
    Files.delete(log);
    String server =
        "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\nCMD [\"--interactive\"]\n";
    build(found, folder, UNLABELLED, server);
    build(
        found,
        folder,
        SERVER,
        server + "LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true\n");
    build(found, folder, WITHOUT_SERVE, "FROM scratch\nCOPY server /model/server\n");
    Files.delete(folder.resolve("server"));
    Files.delete(folder.resolve("Dockerfile"));
    Files.delete(folder);
  }

  private static String version() {
    try {
      var digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(SOURCE));
      return HexFormat.of().formatHex(digest, 0, 6);
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void build(DockerClient found, Path folder, String tag, String dockerfile)
      throws IOException {
    Files.writeString(folder.resolve("Dockerfile"), dockerfile);
    found
        .buildImageCmd(folder.toFile())
        .withTags(java.util.Set.of(tag))
        .exec(new BuildImageResultCallback())
        .awaitImageId();
  }

  static String newInstallation() {
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  }

  /** Returns a runtime with short intervals. */
  static DockerRuntime runtime(String installation) {
    return runtime(installation, ADDRESS, DockerAccess.none(), new IsolationGuard());
  }

  /** Returns a runtime with short intervals on the engine at an address. */
  static DockerRuntime runtime(String installation, EngineAddress address) {
    return runtime(installation, address, DockerAccess.none(), new IsolationGuard());
  }

  static DockerRuntime runtime(String installation, DockerAccess access, IsolationGuard guard) {
    return runtime(installation, ADDRESS, access, guard);
  }

  private static DockerRuntime runtime(
      String installation, EngineAddress address, DockerAccess access, IsolationGuard guard) {
    return new DockerRuntime(
        new DockerConfig(
            address,
            installation,
            "eu-central-1",
            new DockerConfig.Health(
                Duration.ofSeconds(2),
                Duration.ofMillis(50),
                Duration.ofMillis(200),
                3,
                Duration.ofMillis(100),
                Duration.ofMillis(400)),
            Duration.ofSeconds(1),
            access,
            Path.of(System.getProperty("java.io.tmpdir"), "berth-models-" + installation)),
        InstantSource.system(),
        guard);
  }

  /** Returns access to credentials of roles, which nobody can fetch. */
  static DockerAccess accessWithRoles() {
    RoleEndpoint roles =
        new RoleEndpoint() {
          @Override
          public void open(InetAddress address, int prefixLength) {}

          @Override
          public Map<String, String> environment(InstanceId instance, String roleArn) {
            return Map.of("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t");
          }
        };
    return new DockerAccess(
        List.of(), DockerAccess.none().registries(), Map.of(), Optional.of(roles));
  }

  static InstanceSpec spec(InstanceId id, Duration window, Map<String, String> environment) {
    return spec(id, window, container(SERVER, environment, Optional.empty(), Map.of()));
  }

  static InstanceSpec spec(InstanceId id, Duration window, ContainerSpec container) {
    return pipeline(id, window, container);
  }

  static ContainerSpec container(
      String image,
      Map<String, String> environment,
      Optional<Path> model,
      Map<String, Path> additional) {
    return new ContainerSpec(
        "primary",
        Optional.empty(),
        image,
        RegistryAccess.PLATFORM,
        Optional.empty(),
        environment,
        model,
        additional);
  }

  /** Returns a spec of an instance of this type. */
  static InstanceSpec typed(InstanceId id, Duration window, String type) {
    return instance(
        id, window, Optional.of(type), container(SERVER, Map.of(), Optional.empty(), Map.of()));
  }

  /** Returns a spec of an instance with these containers. */
  static InstanceSpec pipeline(InstanceId id, Duration window, ContainerSpec... containers) {
    return instance(id, window, Optional.empty(), containers);
  }

  private static InstanceSpec instance(
      InstanceId id, Duration window, Optional<String> type, ContainerSpec... containers) {
    return new InstanceSpec(
        id,
        "shop",
        type,
        List.of(containers),
        InstanceSpec.ExecutionMode.SERIAL,
        window,
        NetworkSpec.UNRESTRICTED,
        Optional.empty());
  }

  /** Returns a pipeline's container. */
  static ContainerSpec named(
      String name, String image, Map<String, String> environment, Optional<Path> model) {
    return new ContainerSpec(
        name,
        Optional.of(name),
        image,
        RegistryAccess.PLATFORM,
        Optional.empty(),
        environment,
        model,
        Map.of());
  }

  /** Stops all that a runtime knows, and checks that nothing labelled is left on the engine. */
  static void clear(ContainerRuntime runtime, String installation) {
    runtime.instances().forEach(instance -> runtime.stop(instance.id()));
    await().until(() -> runtime.instances().isEmpty());
    assertThat(objects(installation)).isEmpty();
  }

  /**
   * Returns the ids of containers, networks and volumes that carry this installation's label, and
   * the control groups of its instances.
   */
  static List<String> objects(String installation) {
    return objects(client, installation);
  }

  /** Returns the same of another engine. */
  static List<String> objects(DockerClient client, String installation) {
    var label = Map.of("dev.berth.installation", installation);
    var ids =
        new java.util.ArrayList<>(
            client.listContainersCmd().withShowAll(true).withLabelFilter(label).exec().stream()
                .map(container -> container.getId())
                .toList());
    client
        .listNetworksCmd()
        .withFilter("label", List.of("dev.berth.installation=" + installation))
        .exec()
        .forEach(network -> ids.add(network.getId()));
    client
        .listVolumesCmd()
        .withFilter("label", List.of("dev.berth.installation=" + installation))
        .exec()
        .getVolumes()
        .forEach(volume -> ids.add(volume.getName()));
    ids.addAll(controlGroups(installation));
    return ids;
  }

  /** Returns the control groups of an installation's instances, in whichever hierarchy. */
  private static List<String> controlGroups(String installation) {
    var groups = new java.util.ArrayList<String>();
    for (Path hierarchy : children(Path.of("/sys/fs/cgroup"))) {
      children(hierarchy.resolve("berth").resolve(installation))
          .forEach(group -> groups.add(group.toString()));
    }
    children(Path.of("/sys/fs/cgroup/berth").resolve(installation))
        .forEach(group -> groups.add(group.toString()));
    return groups;
  }

  private static List<Path> children(Path directory) {
    try (var children = Files.list(directory)) {
      return children.filter(Files::isDirectory).toList();
    } catch (IOException _) {
      return List.of(); // it isn't there
    }
  }

  /** Returns the id of the one container of an installation. */
  static String containerOf(String installation) {
    return client
        .listContainersCmd()
        .withShowAll(true)
        .withLabelFilter(Map.of("dev.berth.installation", installation))
        .exec()
        .getFirst()
        .getId();
  }

  static void awaitInService(ContainerRuntime runtime, InstanceId id) {
    await().until(() -> state(runtime, id) instanceof InstanceState.InService);
  }

  /** Waits until it has failed, and returns why. */
  static String awaitFailure(ContainerRuntime runtime, InstanceId id) {
    await().until(() -> state(runtime, id) instanceof InstanceState.Failed);
    return ((InstanceState.Failed) state(runtime, id)).reason();
  }

  /** Waits until it is found to have ended before its runtime came, and returns how. */
  static String awaitLoss(ContainerRuntime runtime, InstanceId id) {
    await().until(() -> state(runtime, id) instanceof InstanceState.Lost);
    return ((InstanceState.Lost) state(runtime, id)).reason();
  }

  static InstanceState state(ContainerRuntime runtime, InstanceId id) {
    return runtime.instances().stream()
        .filter(instance -> instance.id().equals(id))
        .map(ObservedInstance::state)
        .findFirst()
        .orElse(null);
  }

  /** Returns what the server answers to an invocation with this body. */
  static String invoke(ContainerRuntime runtime, InstanceId id, String body)
      throws IOException, InterruptedException {
    return invoke(runtime, id, 0, body);
  }

  /** Returns what the server in the container at this position answers. */
  static String invoke(ContainerRuntime runtime, InstanceId id, int position, String body)
      throws IOException, InterruptedException {
    return HTTP.send(request(runtime, id, position, body), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Sends an invocation that may never be answered. */
  static void send(ContainerRuntime runtime, InstanceId id, String body) {
    send(runtime, id, 0, body);
  }

  /** Sends the container at this position an invocation that may never be answered. */
  static void send(ContainerRuntime runtime, InstanceId id, int position, String body) {
    var _ =
        HTTP.sendAsync(
            request(runtime, id, position, body), HttpResponse.BodyHandlers.discarding());
  }

  private static HttpRequest request(
      ContainerRuntime runtime, InstanceId id, int position, String body) {
    var target =
        (Target.Http) ((InstanceState.InService) state(runtime, id)).targets().get(position);
    return HttpRequest.newBuilder(
            URI.create(
                "http://%s:%d/invocations"
                    .formatted(target.address().getHostString(), target.address().getPort())))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }
}
