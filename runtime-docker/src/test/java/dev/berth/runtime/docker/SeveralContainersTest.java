package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.SERVER;
import static dev.berth.runtime.docker.TestEngine.UNLABELLED;
import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static dev.berth.runtime.docker.TestEngine.invoke;
import static dev.berth.runtime.docker.TestEngine.named;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.DockerClient;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeveralContainersTest {
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final Duration LONG = Duration.ofSeconds(20);

  /** Where the kernel, of version 1, shows the groups that Berth makes for memory. */
  private static final Path GROUPS = Path.of("/sys/fs/cgroup/memory/berth");

  private static DockerClient docker;

  private final String installation = TestEngine.newInstallation();
  private DockerRuntime runtime;

  @BeforeAll
  static void requireEngine() throws IOException, InterruptedException {
    docker = TestEngine.require();
  }

  @BeforeEach
  void open() {
    runtime = TestEngine.runtime(installation);
  }

  @AfterEach
  void nothing_is_left_on_the_engine() {
    TestEngine.clear(runtime, installation);
    runtime.close();
  }

  @Test
  void each_container_serves_on_a_port_of_its_own_in_the_order_of_the_model() throws Exception {
    start(Map.of("ME", "first"), Map.of("ME", "second"));
    assertThat(targets()).extracting(InetSocketAddress::getPort).containsExactly(8080, 8081);
    assertThat(invoke(runtime, BLUE, 0, "env ME")).isEqualTo("first");
    assertThat(invoke(runtime, BLUE, 1, "env ME")).isEqualTo("second");
  }

  @Test
  void each_container_is_told_its_port_and_ports_that_no_other_takes() throws Exception {
    start(Map.of("SAGEMAKER_BIND_TO_PORT", "1"), Map.of());
    assertThat(invoke(runtime, BLUE, 0, "env SAGEMAKER_BIND_TO_PORT")).isEqualTo("8080");
    assertThat(invoke(runtime, BLUE, 1, "env SAGEMAKER_BIND_TO_PORT")).isEqualTo("8081");
    assertThat(invoke(runtime, BLUE, 0, "env SAGEMAKER_SAFE_PORT_RANGE")).isEqualTo("10000-10999");
    assertThat(invoke(runtime, BLUE, 1, "env SAGEMAKER_SAFE_PORT_RANGE")).isEqualTo("11000-11999");
  }

  @Test
  void a_lone_container_is_not_told_of_ports() throws Exception {
    runtime.start(TestEngine.spec(BLUE, LONG, Map.of()));
    awaitInService(runtime, BLUE);
    assertThat(invoke(runtime, BLUE, "env SAGEMAKER_BIND_TO_PORT")).isEqualTo("(not set)");
    assertThat(invoke(runtime, BLUE, "env SAGEMAKER_SAFE_PORT_RANGE")).isEqualTo("(not set)");
  }

  @Test
  void containers_find_one_another_by_hostname() throws Exception {
    start(Map.of(), Map.of());
    assertThat(invoke(runtime, BLUE, 0, "resolve model"))
        .isEqualTo(targets().get(1).getHostString());
    assertThat(invoke(runtime, BLUE, 1, "resolve prepare"))
        .isEqualTo(targets().get(0).getHostString());
  }

  @Test
  void containers_without_hostnames_are_found_by_their_place() throws Exception {
    runtime.start(
        TestEngine.pipeline(
            BLUE, LONG, unnamed("container-1", Map.of()), unnamed("container-2", Map.of())));
    awaitInService(runtime, BLUE);
    assertThat(invoke(runtime, BLUE, 0, "resolve container-2"))
        .isEqualTo(targets().get(1).getHostString());
  }

  @Test
  void each_container_has_model_data_of_its_own(@TempDir Path folder) throws Exception {
    Path words = Files.createDirectory(folder.resolve("words"));
    Path weights = Files.createDirectory(folder.resolve("weights"));
    Files.writeString(words.resolve("file"), "words");
    Files.writeString(weights.resolve("file"), "weights");
    runtime.start(
        TestEngine.pipeline(
            BLUE,
            LONG,
            named("prepare", SERVER, Map.of(), Optional.of(words)),
            named("model", SERVER, Map.of(), Optional.of(weights))));
    awaitInService(runtime, BLUE);
    assertThat(invoke(runtime, BLUE, 0, "read /opt/ml/model/file")).isEqualTo("words");
    assertThat(invoke(runtime, BLUE, 1, "read /opt/ml/model/file")).isEqualTo("weights");
    assertThat(runtime.artifacts(BLUE)).containsExactlyInAnyOrder(words, weights);
  }

  @Test
  void an_image_that_does_not_say_it_binds_to_the_port_it_is_told_is_refused_in_awss_words() {
    runtime.start(
        TestEngine.pipeline(
            BLUE,
            LONG,
            named("prepare", SERVER, Map.of(), Optional.empty()),
            named("model", UNLABELLED, Map.of(), Optional.empty())));
    assertThat(awaitFailure(runtime, BLUE))
        .startsWith("ClientError: The model container for production variant blue")
        .contains(
            "Your Ecr Image "
                + UNLABELLED
                + " does not contain required com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true Docker label(s).");
  }

  @Test
  void it_is_in_service_only_when_every_container_is_healthy() {
    runtime.start(pipeline(LONG, Map.of(), Map.of("PING", "503")));
    await()
        .until(() ->
            TestEngine.state(runtime, BLUE) instanceof InstanceState.Starting(String step)
                && step.equals("model: waiting for GET /ping: HTTP status 503"));
  }

  @Test
  void every_container_that_is_unhealthy_is_named_with_its_own_evidence() {
    runtime.start(
        pipeline(Duration.ofSeconds(1), Map.of("EXIT", "3"), Map.of("PING", "404"), Map.of()));
    assertThat(awaitFailure(runtime, BLUE))
        .startsWith(
            "ClientError: The containers prepare, model for production variant blue did not pass the ping health check.")
        .contains("Cause for prepare: container exited with code 3", "model is broken")
        .contains("Cause for model: no healthy answer within 1 s; last ping: HTTP status 404")
        .contains("$SAGEMAKER_BIND_TO_PORT (8081)");
  }

  @Test
  void one_container_that_ends_fails_the_instance_and_is_named() {
    start(Map.of(), Map.of());
    TestEngine.send(runtime, BLUE, 1, "exit 7");
    assertThat(awaitFailure(runtime, BLUE))
        .startsWith("ClientError: The model container for production variant blue")
        .contains("exited with code 7 while it was in service");
  }

  @Test
  void what_its_containers_take_together_is_bounded_by_its_type() throws Exception {
    assumeTrue(canBoundMemory(), "no control groups of Berth's own here");
    runtime.start(typed(Map.of(), Map.of()));
    awaitInService(runtime, BLUE);
    Path limit = GROUPS.resolve(installation).resolve(BLUE.instance() + "/memory.limit_in_bytes");
    assertThat(limit).content().isEqualTo((3840L << 20) + "\n");
    assertThat(runtime.instances().getFirst().note()).isEmpty();
    Files.writeString(limit, Long.toString(48L << 20));
    Files.writeString(
        limit.resolveSibling("memory.memsw.limit_in_bytes"), Long.toString(48L << 20));
    assertThat(invoke(runtime, BLUE, 0, "hold 30")).isEqualTo("held");
    TestEngine.send(runtime, BLUE, 1, "hold 30");
    assertThat(awaitFailure(runtime, BLUE)).contains("killed by the kernel for its memory");
  }

  @Test
  void the_next_process_says_when_its_memory_is_not_bounded_together() throws Exception {
    assumeTrue(canBoundMemory(), "no control groups of Berth's own here");
    runtime.start(typed(Map.of(), Map.of()));
    awaitInService(runtime, BLUE);
    reopen();
    awaitInService(runtime, BLUE);
    assertThat(runtime.instances().getFirst().note()).isEmpty();
    Path group = GROUPS.resolve(installation).resolve(BLUE.instance());
    Files.writeString(group.resolve("memory.memsw.limit_in_bytes"), "-1");
    Files.writeString(group.resolve("memory.limit_in_bytes"), "-1");
    reopen();
    awaitInService(runtime, BLUE);
    assertThat(runtime.instances().getFirst().note())
        .contains("each of its 2 containers may take 3.8 GiB, and all together more");
  }

  @Test
  void the_next_process_removes_control_groups_of_instances_that_are_gone() throws Exception {
    assumeTrue(canBoundMemory(), "no control groups of Berth's own here");
    runtime.close();
    Path left = GROUPS.resolve(installation).resolve("i-gone");
    Files.createDirectories(left);
    runtime = TestEngine.runtime(installation);
    assertThat(runtime.instances()).isEmpty();
    assertThat(left).doesNotExist();
  }

  private static boolean canBoundMemory() {
    return Files.isWritable(Path.of("/sys/fs/cgroup/memory"))
        && "cgroupfs".equals(docker.infoCmd().exec().getCGroupDriver());
  }

  @SafeVarargs
  private static InstanceSpec typed(Map<String, String>... environments) {
    InstanceSpec plain = pipeline(LONG, environments);
    return new InstanceSpec(
        plain.id(),
        plain.ownerName(),
        Optional.of("ml.c4.large"),
        plain.containers(),
        plain.executionMode(),
        plain.startupTimeout(),
        plain.network(),
        plain.executionRoleArn());
  }

  @Test
  void the_next_process_goes_on_with_all_of_its_containers() throws Exception {
    start(Map.of("ME", "first"), Map.of("ME", "second"));
    List<String> before = TestEngine.objects(installation);
    reopen();
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.InService.class);
    assertThat(TestEngine.objects(installation)).containsExactlyInAnyOrderElementsOf(before);
    assertThat(invoke(runtime, BLUE, 0, "env ME")).isEqualTo("first");
    assertThat(invoke(runtime, BLUE, 1, "env ME")).isEqualTo("second");
    TestEngine.send(runtime, BLUE, 1, "exit 7");
    assertThat(awaitFailure(runtime, BLUE)).contains("exited with code 7");
  }

  @Test
  void the_next_process_removes_an_instance_that_lacks_a_container() {
    start(Map.of(), Map.of());
    runtime.close();
    docker.removeContainerCmd(TestEngine.containerOf(installation)).withForce(true).exec();
    runtime = TestEngine.runtime(installation);
    await().until(() -> runtime.instances().isEmpty());
    assertThat(TestEngine.objects(installation)).isEmpty();
  }

  private void start(Map<String, String> first, Map<String, String> second) {
    runtime.start(pipeline(LONG, first, second));
    awaitInService(runtime, BLUE);
  }

  @SafeVarargs
  private static InstanceSpec pipeline(Duration window, Map<String, String>... environments) {
    List<String> names = List.of("prepare", "model", "explain");
    var containers = new ArrayList<ContainerSpec>();
    for (int i = 0; i < environments.length; i++) {
      containers.add(named(names.get(i), SERVER, environments[i], Optional.empty()));
    }
    return TestEngine.pipeline(BLUE, window, containers.toArray(ContainerSpec[]::new));
  }

  private static ContainerSpec unnamed(String name, Map<String, String> environment) {
    return new ContainerSpec(
        name,
        Optional.empty(),
        SERVER,
        RegistryAccess.PLATFORM,
        Optional.empty(),
        environment,
        Optional.empty(),
        Map.of());
  }

  private List<InetSocketAddress> targets() {
    return ((InstanceState.InService) TestEngine.state(runtime, BLUE))
        .targets().stream().map(target -> ((Target.Http) target).address()).toList();
  }

  private void reopen() {
    runtime.close();
    runtime = TestEngine.runtime(installation);
  }
}
