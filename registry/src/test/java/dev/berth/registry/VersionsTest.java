package dev.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.DeleteModelPackageGroupInput;
import dev.berth.api.sagemaker.DescribeModelPackageOutput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.ModelPackageStatus;
import dev.berth.api.sagemaker.ModelPackageStatusDetails;
import dev.berth.api.sagemaker.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VersionsTest extends RegistryFixture {

  @Test
  void versions_of_a_group_are_numbered_from_one() {
    group("Churn");

    assertThat(version("Churn")).isEqualTo(ARN + "model-package/churn/1");
    assertThat(version("churn")).isEqualTo(ARN + "model-package/churn/2");
    assertThat(version(ARN + "model-package-group/churn")).isEqualTo(ARN + "model-package/churn/3");
  }

  @Test
  void a_version_is_described_with_group_and_number_and_without_a_name() {
    group("Churn");
    version("churn");

    DescribeModelPackageOutput described = describe("churn/1");

    assertThat(described.modelPackageName()).isNull();
    assertThat(described.modelPackageGroupName()).isEqualTo("Churn");
    assertThat(described.modelPackageVersion()).isEqualTo(1);
    assertThat(described.modelApprovalStatus())
        .isEqualTo(ModelApprovalStatus.PENDING_MANUAL_APPROVAL);
    assertThat(described.modelPackageStatus()).isEqualTo(ModelPackageStatus.COMPLETED);
    assertThat(described.modelPackageStatusDetails())
        .isEqualTo(new ModelPackageStatusDetails(List.of(), List.of()));
    assertThat(described.lastModifiedTime()).isNull();
    assertThat(describe(ARN + "model-package/churn/1")).isEqualTo(described);
  }

  @Test
  void the_number_of_a_deleted_version_is_never_given_out_again() {
    group("g");
    version("g");
    String newest = version("g");

    delete(newest);

    assertThat(version("g")).isEqualTo(ARN + "model-package/g/3");
    refused(() -> describe("g/2"), "ModelPackage " + newest + " does not exist.");
  }

  @Test
  void many_who_create_at_once_leave_no_gap_and_get_no_number_twice() throws Exception {
    group("a");
    group("b");
    var arns = new ArrayList<String>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var created = new ArrayList<Future<String>>();
      for (int i = 0; i < 400; i++) {
        String group = i % 2 == 0 ? "a" : "B";
        created.add(threads.submit(() -> version(group)));
      }
      for (Future<String> one : created) {
        arns.add(one.get());
      }
    }

    assertThat(arns)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.rangeClosed(1, 200)
                .boxed()
                .flatMap(n ->
                    List.of(ARN + "model-package/a/" + n, ARN + "model-package/b/" + n).stream())
                .toList());
  }

  @Test
  void versions_are_created_in_the_order_of_their_numbers_though_the_clock_goes_back() {
    group("g");
    version("g");
    now = NOON.minusSeconds(60);
    version("g");

    assertThat(describe("g/2").creationTime()).isEqualTo(NOON);
  }

  @Test
  void a_group_with_a_version_is_not_deleted() {
    group("g");
    version("g");
    var delete = DeleteModelPackageGroupInput.builder().modelPackageGroupName("g").build();

    refused(
        () -> registry.groups().delete(delete, CALL),
        "ConflictException",
        "Model Package Group cannot be deleted because it contains model packages: %smodel-package-group/g. Delete its model packages first."
            .formatted(ARN));
    delete("g/1");
    registry.groups().delete(delete, CALL);

    refused(
        () -> registry.groups().delete(delete, CALL),
        "ModelPackageGroup " + ARN + "model-package-group/g does not exist.");
  }

  @Test
  void a_package_has_one_name_and_its_group_is_there() {
    refused(
        () -> create(versionOf("g").modelPackageName("n")),
        "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use.");
    refused(() -> create(CreateModelPackageInput.builder()), "Missing ARN.");
    refused(() -> version("g"), "Model Package Group does not exist.");
    refused(
        () -> version("arn:aws:sagemaker:us-east-1:111111111111:model-package-group/g"),
        "ModelPackageGroup arn:aws:sagemaker:us-east-1:111111111111:model-package-group/g does not exist.");
  }

  @Test
  void a_version_takes_no_tags() {
    group("g");

    refused(
        () -> create(versionOf("g").tags(List.of(new Tag("a", "b")))),
        "Tags are not supported on a version of a model package. Tag its model package group, or use CustomerMetadataProperties.");
  }

  @Test
  void a_package_alone_says_where_it_runs_and_brings_no_environment() {
    create(single("Alone"));
    DescribeModelPackageOutput described = describe("alone");
    assertThat(described.modelPackageName()).isEqualTo("Alone");
    assertThat(described.modelPackageVersion()).isNull();
    assertThat(described.modelApprovalStatus()).isNull();

    refused(
        () -> create(single("ALONE")),
        "Model Package already exists: " + ARN + "model-package/alone");
    InferenceSpecification anywhere = specification(container("i"));
    refused(
        () -> create(single("x").inferenceSpecification(anywhere)),
        "SupportedRealtimeInferenceInstanceTypes and SupportedTransformInstanceTypes of InferenceSpecification are required for a model package without a version.");
    InferenceSpecification withEnvironment =
        specification(container("i").toBuilder().environment(Map.of("A", "b")).build());
    refused(
        () -> create(single("x").inferenceSpecification(withEnvironment)),
        "1 validation errors detected:Environment variable map cannot be specified when using non-versioned ModelPackages");
  }

  @Test
  void a_digest_in_the_image_is_given_back_beside_it() {
    group("g");
    String digest = "sha256:" + "0a".repeat(32);
    create(versionOf("g").inferenceSpecification(specification(container("image@" + digest))));

    assertThat(describe("g/1").inferenceSpecification().containers().getFirst().imageDigest())
        .isEqualTo(digest);
  }

  @Test
  void a_request_sent_twice_with_its_client_token_makes_one_version() {
    group("g");
    String first = create(versionOf("g").clientToken("Token"));

    assertThat(create(versionOf("g").clientToken("Token"))).isEqualTo(first);
    assertThat(create(versionOf("g").clientToken("tOKEN"))).isEqualTo(ARN + "model-package/g/2");
    refused(
        () -> create(versionOf("g").clientToken("Token").domain("other")),
        "ConflictException",
        "ClientToken \"Token\" was used before with other parameters, for " + first + ".");
    delete(first);
    assertThat(create(versionOf("g").clientToken("Token"))).isEqualTo(ARN + "model-package/g/3");
    assertThat(create(single("s").clientToken("once")))
        .isEqualTo(create(single("s").clientToken("once")));
  }
}
