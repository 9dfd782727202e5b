package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.github.dockerjava.api.DockerClient;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerRuntimeTest {
  private static final InstanceId BLUE =
      new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-0123456789abcdef0");
  private static final Duration LONG = Duration.ofSeconds(20);
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

  // how a container is started

  @Test
  void serve_is_the_only_argument_and_the_entrypoint_stays() throws Exception {
    start(Map.of());
    assertThat(invoke(runtime, BLUE, "argv")).isEqualTo("serve");
    assertThat(invoke(runtime, BLUE, "pid")).as("no init before it").isEqualTo("1");
  }

  @Test
  void the_environment_is_the_models_and_the_region() throws Exception {
    start(Map.of("GREETING", "Grüße = ja", "AWS_DEFAULT_REGION", "us-west-2"));
    assertThat(invoke(runtime, BLUE, "env GREETING")).isEqualTo("Grüße = ja");
    assertThat(invoke(runtime, BLUE, "env AWS_REGION")).isEqualTo("eu-central-1");
    assertThat(invoke(runtime, BLUE, "env AWS_DEFAULT_REGION")).isEqualTo("us-west-2");
  }

  @Test
  void model_data_is_mounted_and_cannot_be_written_to(@TempDir Path folder) throws Exception {
    Path model = Files.createDirectory(folder.resolve("model"));
    Path words = Files.createDirectory(folder.resolve("words"));
    Files.writeString(model.resolve("weights"), "w");
    Files.writeString(words.resolve("list"), "a b c");
    runtime.start(
        TestEngine.spec(
            BLUE,
            LONG,
            TestEngine.container(
                TestEngine.SERVER, Map.of(), Optional.of(model), Map.of("words", words))));
    awaitInService(runtime, BLUE);
    assertThat(invoke(runtime, BLUE, "read /opt/ml/model/weights")).isEqualTo("w");
    assertThat(invoke(runtime, BLUE, "read /opt/ml/additional-model-data-sources/words/list"))
        .isEqualTo("a b c");
    assertThat(invoke(runtime, BLUE, "write /opt/ml/model/x")).isEqualTo("Read-only file system");
    assertThat(invoke(runtime, BLUE, "write /x")).as("the rest is writable").isEqualTo("written");
  }

  @Test
  void without_model_data_the_model_directory_is_there() throws Exception {
    start(Map.of());
    assertThat(invoke(runtime, BLUE, "read /opt/ml/model"))
        .isNotEqualTo("No such file or directory");
    assertThat(invoke(runtime, BLUE, "write /opt/ml/model/x")).isEqualTo("written");
  }

  @Test
  void shared_memory_is_larger_than_the_engines_64_mb() {
    start(Map.of());
    var shm =
        docker
            .inspectContainerCmd(TestEngine.containerOf(installation))
            .exec()
            .getHostConfig()
            .getShmSize();
    assertThat(shm).isGreaterThan(64L << 20);
  }

  @Test
  void an_instance_has_the_cpus_and_the_memory_of_its_type() {
    runtime.start(TestEngine.typed(BLUE, LONG, "ml.c4.large"));
    awaitInService(runtime, BLUE);
    var host =
        docker.inspectContainerCmd(TestEngine.containerOf(installation)).exec().getHostConfig();
    assertThat(host.getNanoCPUs()).isEqualTo(2_000_000_000L);
    assertThat(host.getMemory()).isEqualTo(3840L << 20);
    assertThat(host.getMemorySwap()).as("no more with swap").isEqualTo(3840L << 20);
    assertThat(host.getShmSize()).as("half of it").isEqualTo(1920L << 20);
    assertThat(observed().note()).isEmpty();
  }

  @Test
  void an_instance_larger_than_this_machine_says_so_and_the_next_process_does_too() {
    runtime.start(TestEngine.typed(BLUE, LONG, "ml.m5.24xlarge"));
    awaitInService(runtime, BLUE);
    String note = observed().note();
    assertThat(note).contains("of 384.0 GiB that an ml.m5.24xlarge has: all of this machine");
    reopen();
    awaitInService(runtime, BLUE);
    assertThat(observed().note()).isEqualTo(note);
  }

  @Test
  void an_instance_with_gpus_fails_where_the_engine_has_none_and_says_what_to_do() {
    assumeFalse(docker.infoCmd().exec().getRuntimes().containsKey("nvidia"), "it has them");
    runtime.start(TestEngine.typed(BLUE, LONG, "ml.g5.xlarge"));
    assertThat(awaitFailure(runtime, BLUE))
        .contains("gpu", "type ml.g5.xlarge has GPUs: install the NVIDIA Container Toolkit");
  }

  @Test
  void model_data_that_is_gone_fails_the_instance_instead_of_being_made(@TempDir Path folder) {
    Path gone = folder.resolve("gone");
    runtime.start(
        TestEngine.spec(
            BLUE,
            LONG,
            TestEngine.container(TestEngine.SERVER, Map.of(), Optional.of(gone), Map.of())));
    assertThat(awaitFailure(runtime, BLUE)).contains(gone.toString());
    assertThat(gone).doesNotExist();
  }

  @Test
  void an_image_that_is_nowhere_fails_the_instance_and_says_what_to_do() {
    runtime.start(
        TestEngine.spec(
            BLUE,
            LONG,
            TestEngine.container("127.0.0.1:1/none/such:1", Map.of(), Optional.empty(), Map.of())));
    assertThat(awaitFailure(runtime, BLUE))
        .contains("blue", "127.0.0.1:1/none/such:1", "can't be pulled", "docker tag");
  }

  @Test
  void an_image_without_entrypoint_or_serve_fails_and_is_told_to_have_one() {
    runtime.start(
        TestEngine.spec(
            BLUE,
            LONG,
            TestEngine.container(TestEngine.WITHOUT_SERVE, Map.of(), Optional.empty(), Map.of())));
    assertThat(awaitFailure(runtime, BLUE)).contains("\"serve\"", "give the image an ENTRYPOINT");
  }

  // health

  @Test
  void a_container_that_listens_late_comes_in_service() {
    start(Map.of("START_MILLIS", "1500"));
    assertThat(TestEngine.state(runtime, BLUE)).isInstanceOf(InstanceState.InService.class);
  }

  @Test
  void a_container_that_exits_is_started_again_until_its_window_ends() {
    runtime.start(TestEngine.spec(BLUE, Duration.ofSeconds(4), Map.of("EXIT", "3")));
    String reason = awaitFailure(runtime, BLUE);
    assertThat(reason)
        .startsWith(
            "The primary container for production variant blue did not pass the ping health check. Please check CloudWatch logs for this endpoint.")
        .contains("exited with code 3", "model is broken")
        .containsPattern("ended ([2-9]|\\d\\d) times within the startup timeout of 4 s");
  }

  @Test
  void a_container_that_never_answers_200_fails_with_its_last_answer() {
    runtime.start(TestEngine.spec(BLUE, Duration.ofSeconds(1), Map.of("PING", "404")));
    assertThat(awaitFailure(runtime, BLUE))
        .contains("no healthy answer within 1 s", "HTTP status 404", "Its log ends: listening");
  }

  @Test
  void a_container_that_turns_unhealthy_fails() throws Exception {
    start(Map.of());
    assertThat(invoke(runtime, BLUE, "sicken")).isEqualTo("sick");
    assertThat(awaitFailure(runtime, BLUE)).contains("3 pings in a row", "HTTP status 503");
  }

  @Test
  void a_container_that_exits_in_service_fails_with_its_exit_code_and_last_lines() {
    start(Map.of());
    TestEngine.send(runtime, BLUE, "exit 7");
    assertThat(awaitFailure(runtime, BLUE))
        .contains("exited with code 7 while it was in service", "asked to exit with 7");
  }

  @Test
  void a_container_killed_for_its_memory_fails_and_says_so() {
    start(Map.of());
    docker
        .updateContainerCmd(TestEngine.containerOf(installation))
        .withMemory(32L << 20)
        .withMemorySwap(32L << 20)
        .exec();
    TestEngine.send(runtime, BLUE, "allocate");
    assertThat(awaitFailure(runtime, BLUE)).contains("killed by the kernel for its memory");
  }

  @Test
  void a_container_removed_by_someone_else_fails() {
    start(Map.of());
    docker.removeContainerCmd(TestEngine.containerOf(installation)).withForce(true).exec();
    assertThat(awaitFailure(runtime, BLUE)).contains("blue");
  }

  // the end

  @Test
  void a_container_is_asked_to_end_before_it_is_killed() {
    start(Map.of("IGNORE_TERM", "1"));
    String id = TestEngine.containerOf(installation);
    runtime.stop(BLUE);
    await().until(() -> runtime.instances().isEmpty());
    assertThat(TestEngine.objects(installation)).doesNotContain(id).isEmpty();
  }

  // the next process

  @Test
  void the_next_process_goes_on_with_what_runs(@TempDir Path model) throws Exception {
    runtime.start(
        TestEngine.spec(
            BLUE,
            LONG,
            TestEngine.container(
                TestEngine.SERVER, Map.of(), Optional.of(model), Map.of("more", model))));
    awaitInService(runtime, BLUE);
    String container = TestEngine.containerOf(installation);
    invoke(runtime, BLUE, "write /mark");
    reopen();
    assertThat(runtime.instances())
        .as("at its first question")
        .singleElement()
        .satisfies(found -> {
          assertThat(found.id()).isEqualTo(BLUE);
          assertThat(found.state()).isInstanceOf(InstanceState.InService.class);
        });
    assertThat(TestEngine.containerOf(installation)).isEqualTo(container);
    assertThat(invoke(runtime, BLUE, "read /mark")).isEmpty();
    assertThat(runtime.artifacts(BLUE)).containsExactly(model);
  }

  @Test
  void the_next_process_goes_on_pinging() throws Exception {
    start(Map.of());
    reopen();
    awaitInService(runtime, BLUE);
    invoke(runtime, BLUE, "sicken");
    assertThat(awaitFailure(runtime, BLUE)).contains("HTTP status 503");
  }

  @Test
  void the_next_process_goes_on_waiting_for_a_start() {
    runtime.start(TestEngine.spec(BLUE, LONG, Map.of("START_MILLIS", "1500")));
    await().until(() -> TestEngine.objects(installation).size() == 3);
    reopen();
    awaitInService(runtime, BLUE);
  }

  @Test
  void the_next_process_finds_what_has_ended_meanwhile_and_calls_it_lost_instead_of_failed() {
    start(Map.of());
    runtime.close();
    docker.killContainerCmd(TestEngine.containerOf(installation)).exec();
    runtime = TestEngine.runtime(installation);
    assertThat(TestEngine.awaitLoss(runtime, BLUE)).contains("137", "while no Berth was watching");
  }

  @Test
  void the_next_process_removes_a_network_whose_container_was_never_made() {
    docker
        .createNetworkCmd()
        .withName("berth-test-" + installation)
        .withLabels(Map.of("dev.berth.installation", installation))
        .exec();
    reopen();
    assertThat(runtime.instances()).isEmpty();
    assertThat(TestEngine.objects(installation)).isEmpty();
  }

  @Test
  void the_next_process_removes_what_a_container_removed_meanwhile_has_left() {
    start(Map.of());
    runtime.close();
    docker.removeContainerCmd(TestEngine.containerOf(installation)).withForce(true).exec();
    assertThat(TestEngine.objects(installation)).as("a network and a volume").hasSize(2);
    runtime = TestEngine.runtime(installation);
    assertThat(runtime.instances()).isEmpty();
    assertThat(TestEngine.objects(installation)).isEmpty();
  }

  @Test
  void another_installation_neither_sees_nor_touches_it() {
    start(Map.of());
    var before = TestEngine.objects(installation);
    try (var other = TestEngine.runtime(TestEngine.newInstallation())) {
      assertThat(other.instances()).isEmpty();
    }
    assertThat(TestEngine.objects(installation)).isEqualTo(before).hasSize(3);
    assertThat(runtime.instances()).extracting(ObservedInstance::id).containsExactly(BLUE);
  }

  private void start(Map<String, String> environment) {
    runtime.start(TestEngine.spec(BLUE, LONG, environment));
    awaitInService(runtime, BLUE);
  }

  private ObservedInstance observed() {
    return runtime.instances().getFirst();
  }

  private void reopen() {
    runtime.close();
    runtime = TestEngine.runtime(installation);
  }
}
