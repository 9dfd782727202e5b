package dev.berth.runtime.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.Target;
import dev.berth.runtime.embedded.serving.ServedModel;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddedRuntimeTest {
  private static final InstanceId BLUE = new InstanceId(Owner.endpoint("ep-1"), 1, "blue", "i-1");
  private static final InstanceId GREEN = new InstanceId(Owner.endpoint("ep-1"), 1, "green", "i-2");
  private static final Path DIRECTORY = Path.of("staged", "5c2b");

  private final AtomicInteger loaded = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private final CountDownLatch isLoading = new CountDownLatch(1);
  private final CountDownLatch mayLoad = new CountDownLatch(1);

  /** Loads models that do nothing, once {@link #mayLoad} is open. */
  private final EmbeddedRuntime runtime =
      new EmbeddedRuntime(
          InstantSource.system(),
          (_, _, _) -> {
            isLoading.countDown();
            awaitUninterruptibly(mayLoad);
            loaded.incrementAndGet();
            return new IdleModel();
          },
          1);

  @AfterEach
  void closeRuntime() {
    mayLoad.countDown();
    runtime.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:0.90-2-cpu-py3",
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost@sha256:"
            + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "berth/xgboost",
        "berth/lightgbm:4",
        "berth/onnx:latest"
      })
  void images_it_stands_in_for_are_accepted(String image) {
    assertThat(runtime.refusal(image)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com.evil.org/sagemaker-xgboost:1.7-1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/my/sagemaker-xgboost:1.7-1",
        "docker.io/berth/onnx",
        "berth/torch",
        "xgboost"
      })
  void other_images_are_refused_by_name_and_with_the_way_out(String image) {
    assertThat(runtime.refusal(image))
        .hasValueSatisfying(
            why -> assertThat(why).contains("'" + image + "'").contains("docker runtime"));
  }

  @Test
  void it_has_no_capability_that_takes_a_container() {
    assertThat(runtime.capabilities())
        .containsExactlyInAnyOrder(
            Capability.MULTI_MODEL,
            Capability.SEVERAL_CONTAINERS,
            Capability.DIRECT_INVOCATION,
            Capability.NETWORK_ISOLATION,
            Capability.VPC);
  }

  @Test
  void two_instances_of_the_same_model_data_share_one_model_until_both_are_stopped() {
    mayLoad.countDown();
    runtime.start(Specs.of(BLUE, "berth/onnx", DIRECTORY));
    runtime.start(Specs.of(GREEN, "berth/onnx", DIRECTORY));
    await().until(() -> isInService(BLUE) && isInService(GREEN));
    assertThat(loaded).hasValue(1);
    runtime.stop(BLUE);
    await().until(() -> state(BLUE).isEmpty());
    assertThat(closed).hasValue(0);
    runtime.stop(GREEN);
    await().until(() -> state(GREEN).isEmpty());
    assertThat(closed).hasValue(1);
  }

  @Test
  void an_instance_stopped_while_its_model_loads_is_gone_only_when_the_model_is_freed()
      throws InterruptedException {
    runtime.start(Specs.of(BLUE, "berth/onnx", DIRECTORY));
    isLoading.await();
    runtime.stop(BLUE);
    assertThat(state(BLUE)).contains(new InstanceState.Stopping());
    mayLoad.countDown();
    await().until(() -> state(BLUE).isEmpty());
    assertThat(loaded).hasValue(1);
    assertThat(closed).hasValue(1);
  }

  @Test
  void a_model_that_loads_for_too_long_fails_with_the_limit_and_is_freed_when_it_is_there()
      throws InterruptedException {
    InstanceSpec spec = Specs.of(BLUE, "berth/onnx", DIRECTORY);
    runtime.start(Specs.withTimeout(spec, Duration.ofMillis(20)));
    isLoading.await();
    assertThat(awaitFailure(BLUE))
        .isEqualTo(
            "The primary container for production variant blue did not pass the ping health check."
                + " Reason: the model was not loaded within 20 ms; raise"
                + " ContainerStartupHealthCheckTimeoutInSeconds, or give Berth more memory and"
                + " processors.");
    mayLoad.countDown();
    await().until(() -> loaded.get() == 1 && closed.get() == 1);
  }

  @Test
  void a_model_without_data_fails_with_what_to_give() {
    runtime.start(Specs.of(BLUE, Specs.container("berth/xgboost", false, Optional.empty())));
    assertThat(awaitFailure(BLUE)).contains("'berth/xgboost'").contains("ModelDataUrl");
  }

  @Test
  void several_containers_have_a_model_each_and_free_them_together() {
    mayLoad.countDown();
    runtime.start(
        Specs.of(
            BLUE,
            Specs.container("berth/onnx", false, Optional.of(DIRECTORY)),
            Specs.container("berth/xgboost", false, Optional.of(DIRECTORY))));
    await().until(() -> isInService(BLUE));
    assertThat(loaded).hasValue(2);
    assertThat(((InstanceState.InService) state(BLUE).orElseThrow()).targets()).hasSize(2);
    runtime.stop(BLUE);
    await().until(() -> state(BLUE).isEmpty());
    assertThat(closed).hasValue(2);
  }

  @Test
  void the_one_of_several_containers_that_fails_is_named_and_the_others_are_freed() {
    try (var runtime =
        new EmbeddedRuntime(
            InstantSource.system(),
            (image, _, _) -> {
              if (image.format() == EmbeddedImage.Format.XGBOOST) {
                throw new ModelLoadException("file 'xgboost-model' is cut off");
              }
              return new IdleModel();
            },
            1)) {
      runtime.start(
          Specs.of(
              BLUE,
              Specs.named("first", "berth/onnx", DIRECTORY),
              Specs.named("second", "berth/xgboost", DIRECTORY)));
      await().until(() -> state(runtime, BLUE).orElseThrow() instanceof InstanceState.Failed);
      assertThat(state(runtime, BLUE))
          .contains(
              new InstanceState.Failed(
                  "The second container for production variant blue did not pass the ping health"
                      + " check. Reason: file 'xgboost-model' is cut off."));
      await().until(() -> closed.get() == 1);
    }
  }

  @Test
  void a_multi_model_container_is_in_service_without_a_model_and_frees_its_models_in_the_end()
      throws Exception {
    mayLoad.countDown();
    runtime.start(Specs.of(BLUE, Specs.container("berth/onnx", true, Optional.empty())));
    await().until(() -> state(runtime, BLUE).orElseThrow() instanceof InstanceState.InService);
    assertThat(loaded).hasValue(0);
    ModelHost host = host(BLUE);
    host.load("a", DIRECTORY, 1, Duration.ofSeconds(10));
    assertThat(host.loaded()).containsExactly("a");
    assertThat(loaded).hasValue(1);
    runtime.stop(BLUE);
    await().until(() -> state(runtime, BLUE).isEmpty());
    assertThat(closed).hasValue(1);
  }

  private ModelHost host(InstanceId id) {
    return state(runtime, id)
        .map(InstanceState.InService.class::cast)
        .map(inService -> inService.targets().getFirst())
        .map(target -> ((Target.MultiModel) target).host())
        .orElseThrow();
  }

  @Test
  void running_out_of_memory_is_a_reason_and_the_next_load_tries_again() {
    try (var small =
        new EmbeddedRuntime(
            InstantSource.system(),
            (_, _, _) -> {
              if (loaded.getAndIncrement() == 0) {
                throw new OutOfMemoryError("test");
              }
              return new IdleModel();
            },
            1)) {
      small.start(Specs.of(BLUE, "berth/onnx", DIRECTORY));
      await().until(() -> state(small, BLUE).orElseThrow() instanceof InstanceState.Failed);
      assertThat(state(small, BLUE).orElseThrow().toString()).contains("-Xmx");
      small.start(Specs.of(GREEN, "berth/onnx", DIRECTORY));
      await().until(() -> state(small, GREEN).orElseThrow() instanceof InstanceState.InService);
    }
  }

  @Test
  void a_model_that_cannot_be_loaded_fails_with_the_loaders_words() {
    try (var broken =
        new EmbeddedRuntime(
            InstantSource.system(),
            (_, _, _) -> {
              throw new ModelLoadException("file 'a.onnx' is cut off");
            },
            1)) {
      broken.start(Specs.of(BLUE, "berth/onnx", DIRECTORY));
      await().until(() -> state(broken, BLUE).orElseThrow() instanceof InstanceState.Failed);
      assertThat(state(broken, BLUE))
          .contains(
              new InstanceState.Failed(
                  "The primary container for production variant blue did not pass the ping health"
                      + " check. Reason: file 'a.onnx' is cut off."));
    }
  }

  @Test
  void a_model_with_a_script_of_its_own_is_sent_to_the_docker_runtime() {
    var image = EmbeddedImage.of("berth/xgboost").orElseThrow();
    assertThatThrownBy(() ->
            ModelLoader.ofAllFormats()
                .load(image, DIRECTORY, Map.of("SAGEMAKER_PROGRAM", "inference.py")))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'inference.py'")
        .hasMessageContaining("docker runtime");
  }

  @ParameterizedTest
  @CsvSource({
    "sagemaker-xgboost:1.7-1, false",
    "sagemaker-xgboost:3.0-5, false",
    "sagemaker-xgboost:3.2-0, true",
    "sagemaker-xgboost:0.90-2-cpu-py3, false",
    "xgboost:1, false",
    "sagemaker-xgboost, false"
  })
  void libsvm_indices_are_shifted_as_the_images_version_does(String image, boolean shifts) {
    String uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/" + image;
    assertThat(EmbeddedImage.of(uri).orElseThrow().shiftsOneBasedIndices()).isEqualTo(shifts);
  }

  @Test
  void an_instance_in_service_answers_through_its_target() {
    mayLoad.countDown();
    runtime.start(Specs.of(BLUE, "berth/onnx", DIRECTORY));
    await().until(() -> isInService(BLUE));
    List<Target> targets = ((InstanceState.InService) state(BLUE).orElseThrow()).targets();
    assertThat(targets)
        .singleElement()
        .extracting(target -> ((Target.InProcess) target).model())
        .isInstanceOf(IdleModel.class);
  }

  private final class IdleModel implements ServedModel {
    @Override
    public long memoryBytes() {
      return 0;
    }

    @Override
    public boolean isQuick(int bodyBytes) {
      return true;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      return ModelResponse.text(200, "idle");
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private String awaitFailure(InstanceId id) {
    await().until(() -> state(id).orElseThrow() instanceof InstanceState.Failed);
    return ((InstanceState.Failed) state(id).orElseThrow()).reason();
  }

  private boolean isInService(InstanceId id) {
    return state(id).filter(InstanceState.InService.class::isInstance).isPresent();
  }

  private Optional<InstanceState> state(InstanceId id) {
    return state(runtime, id);
  }

  private static Optional<InstanceState> state(EmbeddedRuntime runtime, InstanceId id) {
    return runtime.instances().stream()
        .filter(instance -> instance.id().equals(id))
        .map(ObservedInstance::state)
        .findFirst();
  }
}
