package dev.berth.hosting.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.CreateEndpointInput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.DeleteEndpointConfigInput;
import dev.berth.api.sagemaker.DeleteEndpointInput;
import dev.berth.api.sagemaker.DeleteModelInput;
import dev.berth.api.sagemaker.DeployedImage;
import dev.berth.api.sagemaker.DescribeEndpointInput;
import dev.berth.api.sagemaker.DescribeEndpointOutput;
import dev.berth.api.sagemaker.DesiredWeightAndCapacity;
import dev.berth.api.sagemaker.ImageConfig;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.UpdateEndpointInput;
import dev.berth.api.sagemaker.UpdateEndpointWeightsAndCapacitiesInput;
import dev.berth.api.sagemaker.VpcConfig;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.config.EndpointConfigOperations;
import dev.berth.hosting.model.ModelOperations;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointLifecycleTest {
  private static final CallContext CALL = new CallContext("r", "000000000000", "us-east-1", "test");
  private static final Arns ARNS = new Arns("000000000000", "us-east-1");
  private static final String ARN = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e";

  @TempDir Path folder;
  private final FakeRuntime runtime = new FakeRuntime();
  private Store store;
  private EndpointReconciler reconciler;
  private ModelOperations models;
  private EndpointConfigOperations configs;
  private EndpointOperations endpoints;

  @BeforeEach
  void start() {
    store = SqliteStore.open(folder, "000000000000", "us-east-1");
    InstantSource clock = InstantSource.system();
    reconciler =
        new EndpointReconciler(
            store,
            runtime,
            (_, _, _) -> {
              throw new AssertionError("nothing to stage");
            },
            clock);
    models =
        new ModelOperations(
            store,
            new NoObjects(),
            (name, _) -> {
              throw new IllegalArgumentException(name);
            },
            ARNS,
            clock);
    configs = new EndpointConfigOperations(store, ARNS, clock);
    endpoints = new EndpointOperations(store, reconciler, ARNS, clock);
    reconciler.start();
  }

  @AfterEach
  void stop() {
    reconciler.close();
    store.close();
  }

  @Test
  void an_endpoint_is_creating_until_its_instances_are_healthy() {
    config("c", "slow", 2);
    create("e", "c");
    await().until(() -> runtime.instances().size() == 2);
    assertThat(describe("e").endpointStatus().wire()).isEqualTo("Creating");
    assertThat(reconciler.routes().find("e")).isNull();
    runtime.letAllBecomeHealthy();
    awaitStatus("e", "InService");
    assertThat(reconciler.routes().find("e").variants().getFirst().instances()).hasSize(2);
  }

  @Test
  void an_instance_that_comes_up_while_others_are_listed_is_not_started_twice() {
    config("c", "good", 1);
    runtime.listWhileStarting();
    create("e", "c");
    awaitStatus("e", "InService");
    assertThat(reconciler.view("e").orElseThrow().instances()).hasSize(1);
  }

  @Test
  void who_reads_that_it_is_in_service_may_invoke_at_once() {
    config("c", "good", 1);
    for (int i = 0; i < 50; i++) {
      String name = "e" + i;
      create(name, "c");
      await()
          .pollInterval(Duration.ofNanos(1))
          .pollDelay(Duration.ZERO)
          .until(() -> describe(name).endpointStatus().wire().equals("InService"));
      assertThat(reconciler.routes().find(name)).isNotNull();
    }
  }

  @Test
  void an_image_is_described_by_its_name_alone_where_nothing_stands_behind_it() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    assertThat(describe("e").productionVariants().getFirst().deployedImages())
        .containsExactly(DeployedImage.builder().specifiedImage("good").build());
  }

  @Test
  void a_description_tells_what_an_image_stands_for_and_since_when() {
    runtime.resolveTo(new ResolvedImage("good@sha256:1", "sha256:2", 1_700_000_000_000L));
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    assertThat(describe("e").productionVariants().getFirst().deployedImages())
        .containsExactly(
            DeployedImage.builder()
                .specifiedImage("good")
                .resolvedImage("good@sha256:1")
                .resolutionTime(Instant.ofEpochSecond(1_700_000_000L))
                .build());
  }

  @Test
  void later_instances_of_a_deployment_are_pinned_to_the_image_of_the_first() {
    var deployed = new ResolvedImage("good@sha256:1", "sha256:2", 1);
    runtime.resolveTo(deployed);
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    InstanceId first = runtime.instances().getFirst().id();
    assertThat(runtime.pins(first)).containsExactly(Optional.empty());
    runtime.kill(first);
    await().until(() -> inService() == 1);
    assertThat(runtime.pins(runtime.instances().getFirst().id()))
        .containsExactly(Optional.of(deployed));
  }

  @Test
  void what_changed_without_a_word_is_found_all_the_same() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    reconciler.close();
    reconciler =
        new EndpointReconciler(
            store, runtime, new Pins(), InstantSource.system(), Duration.ofMillis(50));
    reconciler.start();
    InstanceId first = runtime.instances().getFirst().id();
    runtime.killUntold(first);
    await().until(() -> inService() == 1 && !runtime.instances().getFirst().id().equals(first));
  }

  @Test
  void a_view_tells_what_is_to_be_known_of_an_instance_in_service() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    assertThat(reconciler.view("e").orElseThrow().instances())
        .singleElement()
        .satisfies(instance -> assertThat(instance.step()).isEqualTo("a note"));
  }

  @Test
  void a_private_registry_is_a_capability() {
    models.create(
        CreateModelInput.builder()
            .modelName("m")
            .primaryContainer(
                ContainerDefinition.builder()
                    .image("good")
                    .imageConfig(
                        ImageConfig.builder()
                            .repositoryAccessMode(RepositoryAccessMode.VPC)
                            .build())
                    .build())
            .vpcConfig(
                VpcConfig.builder()
                    .subnets(List.of("subnet-1"))
                    .securityGroupIds(List.of("sg-1"))
                    .build())
            .build(),
        CALL);
    configOf("c", "m", 1);
    create("e", "c");
    awaitStatus("e", "Failed");
    assertThat(describe("e").failureReason()).contains("private registries (ImageConfig)");
  }

  @Test
  void an_endpoint_whose_model_is_broken_fails_and_says_why() {
    config("c", "bad", 1);
    create("e", "c");
    awaitStatus("e", "Failed");
    assertThat(describe("e").failureReason()).isEqualTo("exit code 1: model is broken");
    assertThat(describe("e").endpointConfigName()).isEqualTo("c");
    await().until(() -> runtime.instances().isEmpty());
  }

  @Test
  void an_image_that_the_runtime_refuses_fails_the_endpoint() {
    config("c", "unknown", 1);
    create("e", "c");
    awaitStatus("e", "Failed");
    assertThat(describe("e").failureReason()).endsWith("can't be run: no such image here");
  }

  @Test
  void a_capability_that_the_runtime_lacks_fails_the_endpoint_and_is_named() {
    models.create(
        CreateModelInput.builder()
            .modelName("m")
            .primaryContainer(ContainerDefinition.builder().image("good").build())
            .enableNetworkIsolation(true)
            .build(),
        CALL);
    configOf("c", "m", 1);
    create("e", "c");
    awaitStatus("e", "Failed");
    assertThat(describe("e").failureReason())
        .contains("network isolation (EnableNetworkIsolation)")
        .contains("available with the embedded and docker runtimes");
  }

  @Test
  void the_next_process_keeps_the_instances_that_run_and_what_they_use() {
    config("c", "good", 2);
    create("e", "c");
    awaitStatus("e", "InService");
    var before = runtime.instances();
    reconciler.close();
    var pins = new Pins();
    reconciler = new EndpointReconciler(store, runtime, pins, InstantSource.system());
    reconciler.start();
    await().until(() -> reconciler.routes().find("e") != null);
    assertThat(runtime.instances()).containsExactlyInAnyOrderElementsOf(before);
    assertThat(pins.open).containsExactly(FakeRuntime.ARTIFACT, FakeRuntime.ARTIFACT);
  }

  @Test
  void what_a_kept_instance_uses_is_let_go_when_it_is_gone() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    reconciler.close();
    var pins = new Pins();
    reconciler = new EndpointReconciler(store, runtime, pins, InstantSource.system());
    reconciler.start();
    endpoints = new EndpointOperations(store, reconciler, ARNS, InstantSource.system());
    endpoints.delete(DeleteEndpointInput.builder().endpointName("e").build(), CALL);
    await().untilAsserted(() -> assertThat(pins.open).isEmpty());
    assertThat(pins.taken).containsExactly(FakeRuntime.ARTIFACT);
  }

  @Test
  void an_instance_found_after_the_start_whose_endpoint_is_gone_is_stopped() {
    runtime.start(
        new InstanceSpec(
            new InstanceId(Owner.endpoint("gone"), 1, "blue", "i-0123456789abcdef0"),
            "gone",
            Optional.empty(),
            List.of(
                new ContainerSpec(
                    "primary",
                    Optional.empty(),
                    "good",
                    RegistryAccess.PLATFORM,
                    Optional.empty(),
                    Map.of(),
                    Optional.empty(),
                    Map.of())),
            InstanceSpec.ExecutionMode.SERIAL,
            Duration.ofSeconds(1),
            NetworkSpec.UNRESTRICTED,
            Optional.empty()));
    await().until(() -> runtime.instances().isEmpty());
  }

  /** Counts what is kept. */
  private static final class Pins implements ArtifactStore {
    private final List<Path> open = new CopyOnWriteArrayList<>();
    private final List<Path> taken = new CopyOnWriteArrayList<>();

    @Override
    public StagedArtifact stage(ModelSource source, Duration timeout, Progress progress) {
      throw new AssertionError("nothing to stage");
    }

    @Override
    public Optional<StagedArtifact> adopt(Path directory) {
      open.add(directory);
      taken.add(directory);
      return Optional.of(
          new StagedArtifact() {
            @Override
            public String id() {
              return directory.toString();
            }

            @Override
            public long bytes() {
              return 0;
            }

            @Override
            public void discard() {
              close();
            }

            @Override
            public Path directory() {
              return directory;
            }

            @Override
            public void close() {
              open.remove(directory);
            }
          });
    }
  }

  @Test
  void an_update_moves_the_traffic_to_the_new_fleet_and_removes_the_old_one() {
    config("old", "good", 1);
    config("new", "slow", 1);
    create("e", "old");
    awaitStatus("e", "InService");
    EndpointRoute before = reconciler.routes().find("e");
    update("e", "new");
    await().until(() -> runtime.instances().size() == 2);
    assertThat(reconciler.routes().find("e")).isEqualTo(before);
    assertThat(describe("e").pendingDeploymentSummary().endpointConfigName()).isEqualTo("new");
    runtime.letAllBecomeHealthy();
    awaitStatus("e", "InService");
    await().until(() -> runtime.instances().size() == 1);
    assertThat(describe("e").endpointConfigName()).isEqualTo("new");
    assertThat(reconciler.routes().find("e")).isNotEqualTo(before);
  }

  @Test
  void a_failed_update_leaves_the_old_fleet_serving_and_says_why() {
    config("old", "good", 1);
    config("new", "bad", 1);
    create("e", "old");
    awaitStatus("e", "InService");
    EndpointRoute before = reconciler.routes().find("e");
    update("e", "new");
    await().until(() -> describe("e").failureReason() != null);
    assertThat(describe("e").endpointStatus().wire()).isEqualTo("InService");
    assertThat(describe("e").endpointConfigName()).isEqualTo("old");
    assertThat(reconciler.routes().find("e")).isEqualTo(before);
    await().until(() -> runtime.instances().size() == 1);
  }

  @Test
  void an_old_instance_stays_until_its_last_invocation_ends() {
    config("old", "good", 1);
    config("new", "good", 1);
    create("e", "old");
    awaitStatus("e", "InService");
    var busy = reconciler.routes().find("e").variants().getFirst().instances().getFirst();
    busy.begin();
    update("e", "new");
    awaitStatus("e", "InService");
    await()
        .during(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(5))
        .until(() -> isRunning(busy.id()));
    busy.end();
    await().until(() -> !isRunning(busy.id()));
  }

  @Test
  void an_endpoint_in_progress_can_be_neither_updated_nor_deleted() {
    config("c", "slow", 1);
    create("e", "c");
    String message = "Cannot update in-progress endpoint \"%s\".".formatted(ARN);
    assertThatThrownBy(() -> update("e", "c")).hasMessage(message);
    assertThatThrownBy(() -> delete("e")).hasMessage(message);
    assertThatThrownBy(() -> scale("e", "v", 2)).hasMessage(message);
  }

  @Test
  void a_failed_endpoint_can_only_be_deleted() {
    config("c", "bad", 1);
    create("e", "c");
    awaitStatus("e", "Failed");
    assertThatThrownBy(() -> update("e", "c")).hasMessageContaining("Delete it");
    delete("e");
    awaitGone("e");
  }

  @Test
  void a_deleted_endpoint_is_deleting_then_gone_with_all_its_instances() {
    config("c", "good", 2);
    create("e", "c");
    awaitStatus("e", "InService");
    delete("e");
    awaitGone("e");
    assertThat(runtime.instances()).isEmpty();
    assertThat(reconciler.routes().find("e")).isNull();
  }

  @Test
  void an_endpoint_outlives_its_config_and_its_model() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    configs.delete(DeleteEndpointConfigInput.builder().endpointConfigName("c").build(), CALL);
    models.delete(DeleteModelInput.builder().modelName("m-c").build(), CALL);
    runtime.instances().forEach(instance -> runtime.kill(instance.id()));
    await().until(() -> inService() == 1);
  }

  @Test
  void a_dead_instance_is_replaced_while_the_endpoint_stays_in_service() {
    config("c", "good", 2);
    create("e", "c");
    awaitStatus("e", "InService");
    ObservedInstance victim = runtime.instances().getFirst();
    runtime.kill(victim.id());
    await().until(() -> !isRunning(victim.id()) && inService() == 2);
    assertThat(describe("e").endpointStatus().wire()).isEqualTo("InService");
  }

  @Test
  void an_endpoint_that_is_creating_replaces_what_was_lost_while_no_berth_was_there() {
    config("c", "slow", 2);
    create("e", "c");
    await().until(() -> runtime.instances().size() == 2);
    InstanceId lost = runtime.instances().getFirst().id();
    runtime.lose(lost);
    await().until(() -> !isRunning(lost) && runtime.instances().size() == 2);
    runtime.letAllBecomeHealthy();
    awaitStatus("e", "InService");
  }

  @Test
  void scaling_changes_the_number_of_instances() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    scale("e", "v", 3);
    awaitStatus("e", "InService");
    assertThat(describe("e").productionVariants().getFirst().currentInstanceCount()).isEqualTo(3);
    scale("e", "v", 1);
    awaitStatus("e", "InService");
    await().until(() -> runtime.instances().size() == 1);
  }

  @Test
  void scaling_an_unknown_variant_is_refused() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    assertThatThrownBy(() -> scale("e", "w", 3))
        .hasMessage(
            "The variant name(s) \"w\" is/are not present within endpoint configuration \"c\".");
  }

  @Test
  void a_restarted_process_brings_its_endpoints_back_by_itself() {
    config("c", "good", 1);
    create("e", "c");
    awaitStatus("e", "InService");
    reconciler.close();
    var secondRuntime = new FakeRuntime();
    try (var second =
        new EndpointReconciler(
            store,
            secondRuntime,
            (_, _, _) -> {
              throw new AssertionError("nothing to stage");
            },
            InstantSource.system())) {
      second.start();
      await()
          .until(() -> {
            EndpointRoute route = second.routes().find("e");
            return route != null && route.variants().getFirst().instances().size() == 1;
          });
    }
  }

  @Test
  void an_unknown_endpoint_is_not_found_in_the_words_of_aws() {
    assertThatThrownBy(() -> describe("e"))
        .isInstanceOf(AwsException.class)
        .hasMessage("Could not find endpoint \"%s\".".formatted(ARN));
  }

  @Test
  void a_name_that_differs_only_in_case_is_taken() {
    config("c", "good", 1);
    create("e", "c");
    assertThatThrownBy(() -> create("E", "c"))
        .hasMessage("Cannot create already existing endpoint \"%s\".".formatted(ARN));
  }

  private long inService() {
    EndpointRoute route = reconciler.routes().find("e");
    return route == null ? 0 : route.variants().getFirst().instances().size();
  }

  private boolean isRunning(InstanceId id) {
    return runtime.instances().stream().anyMatch(instance -> instance.id().equals(id));
  }

  private void config(String name, String image, int count) {
    models.create(
        CreateModelInput.builder()
            .modelName("m-" + name)
            .primaryContainer(ContainerDefinition.builder().image(image).build())
            .build(),
        CALL);
    configOf(name, "m-" + name, count);
  }

  private void configOf(String name, String model, int count) {
    configs.create(
        CreateEndpointConfigInput.builder()
            .endpointConfigName(name)
            .productionVariants(
                List.of(
                    ProductionVariant.builder()
                        .variantName("v")
                        .modelName(model)
                        .instanceType("ml.m5.large")
                        .initialInstanceCount(count)
                        .build()))
            .build(),
        CALL);
  }

  private void create(String name, String config) {
    endpoints.create(
        CreateEndpointInput.builder().endpointName(name).endpointConfigName(config).build(), CALL);
  }

  private void update(String name, String config) {
    endpoints.update(
        UpdateEndpointInput.builder().endpointName(name).endpointConfigName(config).build(), CALL);
  }

  private void scale(String name, String variant, int count) {
    endpoints.updateWeightsAndCapacities(
        UpdateEndpointWeightsAndCapacitiesInput.builder()
            .endpointName(name)
            .desiredWeightsAndCapacities(
                List.of(
                    DesiredWeightAndCapacity.builder()
                        .variantName(variant)
                        .desiredInstanceCount(count)
                        .build()))
            .build(),
        CALL);
  }

  private void delete(String name) {
    endpoints.delete(DeleteEndpointInput.builder().endpointName(name).build(), CALL);
  }

  private DescribeEndpointOutput describe(String name) {
    return endpoints.describe(DescribeEndpointInput.builder().endpointName(name).build(), CALL);
  }

  private void awaitStatus(String name, String status) {
    await().until(() -> describe(name).endpointStatus().wire().equals(status));
  }

  private void awaitGone(String name) {
    await()
        .untilAsserted(() ->
            assertThatThrownBy(() -> describe(name))
                .hasMessageStartingWith("Could not find endpoint"));
  }

  /** An S3 without a single object. */
  private static final class NoObjects implements ObjectSource {
    @Override
    public boolean isAnyBelow(S3Uri prefix) {
      return !list(prefix).isEmpty();
    }

    @Override
    public ObjectInfo head(S3Uri uri) throws NoSuchObjectException {
      throw new NoSuchObjectException("no " + uri);
    }

    @Override
    public InputStream open(ObjectInfo info) throws NoSuchObjectException {
      throw new NoSuchObjectException("no " + info.uri());
    }

    @Override
    public List<ObjectInfo> list(S3Uri prefix) {
      return List.of();
    }
  }
}
