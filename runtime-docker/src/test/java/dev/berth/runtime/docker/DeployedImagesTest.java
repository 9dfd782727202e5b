package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.ResolvedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeployedImagesTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static DockerClient docker;

  private final String installation = TestEngine.newInstallation();
  private final String image = "berth-test/moving:" + installation;
  private DockerRuntime runtime;

  @BeforeAll
  static void requireEngine() throws IOException, InterruptedException {
    docker = TestEngine.require();
  }

  @BeforeEach
  void open() {
    runtime = TestEngine.runtime(installation);
    tag(TestEngine.SERVER);
  }

  @AfterEach
  void nothing_is_left_on_the_engine() {
    TestEngine.clear(runtime, installation);
    runtime.close();
    docker.removeImageCmd(image).withNoPrune(true).exec();
  }

  @Test
  void an_image_is_deployed_as_what_its_name_stands_for_now() {
    start(instance(1, '0'), Optional.empty());
    assertThat(images(instance(1, '0')))
        .extracting(ResolvedImage::id)
        .containsExactly(id(TestEngine.SERVER));
  }

  @Test
  void all_instances_of_a_deployment_are_of_the_same_image_wherever_its_tag_is_moved() {
    start(instance(1, '0'), Optional.empty());
    tag(TestEngine.UNLABELLED);
    start(instance(1, '1'), Optional.empty());
    assertThat(images(instance(1, '1'))).isEqualTo(images(instance(1, '0')));
    assertThat(imagesOfContainers()).containsOnly(id(TestEngine.SERVER));
  }

  @Test
  void the_next_deployment_is_of_what_its_tag_is_on_by_then() {
    start(instance(1, '0'), Optional.empty());
    tag(TestEngine.UNLABELLED);
    start(instance(2, '1'), Optional.empty());
    assertThat(images(instance(2, '1')))
        .extracting(ResolvedImage::id)
        .containsExactly(id(TestEngine.UNLABELLED));
  }

  @Test
  void the_next_process_goes_on_with_the_deployments_images() {
    start(instance(1, '0'), Optional.empty());
    List<ResolvedImage> before = images(instance(1, '0'));
    tag(TestEngine.UNLABELLED);
    runtime.close();
    runtime = TestEngine.runtime(installation);
    assertThat(images(instance(1, '0'))).isEqualTo(before);
    start(instance(1, '1'), Optional.empty());
    assertThat(images(instance(1, '1'))).isEqualTo(before);
  }

  @Test
  void an_instance_is_of_the_image_it_is_pinned_to() {
    String id = id(TestEngine.UNLABELLED);
    start(instance(1, '0'), Optional.of(new ResolvedImage(id, id, 1)));
    assertThat(images(instance(1, '0'))).containsExactly(new ResolvedImage(id, id, 1));
    assertThat(imagesOfContainers()).containsOnly(id(TestEngine.UNLABELLED));
  }

  @Test
  void a_deployments_image_that_was_removed_from_the_engine_is_named() {
    String gone = "sha256:" + "0".repeat(64);
    runtime.start(spec(instance(1, '0'), image, Optional.of(new ResolvedImage(gone, gone, 1))));
    assertThat(awaitFailure(runtime, instance(1, '0')))
        .contains(image, gone, "was removed from it");
  }

  @Test
  void an_image_of_a_registry_is_deployed_under_its_digest_and_pulled_again_by_it(
      @TempDir Path folder) throws Exception {
    try (var registry = TestRegistry.start(folder)) {
      String repository = registry.repository("mine");
      docker.tagImageCmd(TestEngine.SERVER, repository, "1").exec();
      docker.pushImageCmd(repository + ":1").exec(new ResultCallback.Adapter<>()).awaitCompletion();
      docker.removeImageCmd(repository + ":1").exec();

      runtime.start(spec(instance(1, '0'), repository + ":1", Optional.empty()));
      awaitInService(runtime, instance(1, '0'));
      ResolvedImage deployed = images(instance(1, '0')).getFirst();
      assertThat(deployed.reference()).matches("\\Q" + repository + "\\E@sha256:[0-9a-f]{64}");

      // The tag moves on in the registry and here, as when another machine pushes.
      docker.tagImageCmd(TestEngine.UNLABELLED, repository, "1").exec();
      docker.pushImageCmd(repository + ":1").exec(new ResultCallback.Adapter<>()).awaitCompletion();
      runtime.start(spec(instance(1, '1'), repository + ":1", Optional.empty()));
      awaitInService(runtime, instance(1, '1'));
      assertThat(images(instance(1, '1'))).containsExactly(deployed);
      assertThat(imagesOfContainers()).containsOnly(id(TestEngine.SERVER));
      docker.removeImageCmd(repository + ":1").withNoPrune(true).exec();
    }
  }

  private static InstanceId instance(long generation, char last) {
    return new InstanceId(Owner.endpoint("ep-1"), generation, "blue", "i-0123456789abcdef" + last);
  }

  private void start(InstanceId id, Optional<ResolvedImage> pin) {
    runtime.start(spec(id, image, pin));
    awaitInService(runtime, id);
  }

  private static InstanceSpec spec(InstanceId id, String image, Optional<ResolvedImage> pin) {
    return TestEngine.spec(
        id,
        LONG,
        new ContainerSpec(
            "primary",
            Optional.empty(),
            image,
            RegistryAccess.PLATFORM,
            Optional.empty(),
            Map.of(),
            Optional.empty(),
            Map.of(),
            pin));
  }

  private void tag(String source) {
    docker.tagImageCmd(source, "berth-test/moving", installation).exec();
  }

  private static String id(String name) {
    return docker.inspectImageCmd(name).exec().getId();
  }

  private List<ResolvedImage> images(InstanceId id) {
    return runtime.instances().stream()
        .filter(instance -> instance.id().equals(id))
        .map(ObservedInstance::images)
        .findFirst()
        .orElseThrow();
  }

  private List<String> imagesOfContainers() {
    return docker
        .listContainersCmd()
        .withLabelFilter(Map.of("dev.berth.installation", installation))
        .exec()
        .stream()
        .map(container -> docker.inspectContainerCmd(container.getId()).exec().getImageId())
        .toList();
  }
}
