package dev.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.CreateModelPackageGroupInput;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.DeleteModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageOutput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.ModelPackageContainerDefinition;
import dev.berth.api.sagemaker.UpdateModelPackageInput;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.resource.Arns;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A registry over a real store, with a clock that stands still until it is moved. */
abstract class RegistryFixture {
  static final CallContext CALL = new CallContext("r", "000000000000", "us-east-1", "test");
  static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  static final Arns ARNS = new Arns("000000000000", "us-east-1");
  static final String ARN = "arn:aws:sagemaker:us-east-1:000000000000:";

  @TempDir Path folder;
  Store store;
  ModelRegistry registry;
  Instant now = NOON;

  @BeforeEach
  void open() {
    store = SqliteStore.open(folder, "000000000000", "us-east-1");
    registry = ModelRegistry.of(store, ARNS, () -> now);
  }

  @AfterEach
  void close() {
    store.close();
  }

  String group(String name) {
    var input = CreateModelPackageGroupInput.builder().modelPackageGroupName(name).build();
    return Objects.requireNonNull(registry.groups().create(input, CALL).modelPackageGroupArn());
  }

  String create(CreateModelPackageInput.Builder input) {
    return Objects.requireNonNull(
        registry.packages().create(input.build(), CALL).modelPackageArn());
  }

  String version(String group) {
    return create(versionOf(group));
  }

  DescribeModelPackageOutput describe(String nameOrArn) {
    return registry
        .packages()
        .describe(DescribeModelPackageInput.builder().modelPackageName(nameOrArn).build(), CALL);
  }

  void update(UpdateModelPackageInput.Builder input) {
    registry.packages().update(input.build(), CALL);
  }

  void approve(String arn) {
    update(
        UpdateModelPackageInput.builder()
            .modelPackageArn(arn)
            .modelApprovalStatus(ModelApprovalStatus.APPROVED));
  }

  void delete(String nameOrArn) {
    registry
        .packages()
        .delete(DeleteModelPackageInput.builder().modelPackageName(nameOrArn).build(), CALL);
  }

  static CreateModelPackageInput.Builder versionOf(String group) {
    return CreateModelPackageInput.builder()
        .modelPackageGroupName(group)
        .inferenceSpecification(specification(container("image:1")));
  }

  static CreateModelPackageInput.Builder single(String name) {
    return CreateModelPackageInput.builder()
        .modelPackageName(name)
        .inferenceSpecification(
            specification(container("image:1")).toBuilder()
                .supportedRealtimeInferenceInstanceTypes(List.of("ml.m5.large"))
                .supportedTransformInstanceTypes(List.of("ml.m5.xlarge"))
                .build());
  }

  static InferenceSpecification specification(ModelPackageContainerDefinition... containers) {
    return InferenceSpecification.builder().containers(List.of(containers)).build();
  }

  static ModelPackageContainerDefinition container(String image) {
    return ModelPackageContainerDefinition.builder()
        .image(image)
        .modelDataUrl("s3://b/model.tar.gz")
        .build();
  }

  static void refused(ThrowingCallable call, String text) {
    refused(call, "ValidationException", text);
  }

  static void refused(ThrowingCallable call, String code, String text) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            AwsException.class,
            e -> assertThat(e.code() + ": " + e.text()).isEqualTo(code + ": " + text));
  }
}
