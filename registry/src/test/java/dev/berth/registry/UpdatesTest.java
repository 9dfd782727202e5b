package dev.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageOutput;
import dev.berth.api.sagemaker.IncludedData;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.ModelCardStatus;
import dev.berth.api.sagemaker.ModelPackageModelCard;
import dev.berth.api.sagemaker.UpdateModelPackageInput;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UpdatesTest extends RegistryFixture {
  private static final String VERSION = ARN + "model-package/g/1";

  @BeforeEach
  void makeGroup() {
    group("g");
  }

  @Test
  void an_approval_is_told_with_its_description_who_and_when() {
    version("g");
    now = NOON.plusSeconds(5);

    update(
        change()
            .modelApprovalStatus(ModelApprovalStatus.APPROVED)
            .approvalDescription("as good as the last"));

    DescribeModelPackageOutput described = describe(VERSION);
    assertThat(described.modelApprovalStatus()).isEqualTo(ModelApprovalStatus.APPROVED);
    assertThat(described.approvalDescription()).isEqualTo("as good as the last");
    assertThat(described.lastModifiedTime()).isEqualTo(NOON.plusSeconds(5));
    assertThat(described.lastModifiedBy().iamIdentity().arn())
        .isEqualTo("arn:aws:iam::000000000000:user/berth");
    assertThat(described.creationTime()).isEqualTo(NOON);
  }

  @Test
  void an_update_leaves_alone_what_it_does_not_name() {
    create(versionOf("g").domain("COMPUTER_VISION").modelPackageDescription("first"));
    DescribeModelPackageOutput before = describe(VERSION);
    approve(VERSION);
    DescribeModelPackageOutput after = describe(VERSION);

    assertThat(after.domain()).isEqualTo("COMPUTER_VISION");
    assertThat(after.modelPackageDescription()).isEqualTo("first");
    assertThat(after.inferenceSpecification()).isEqualTo(before.inferenceSpecification());
  }

  @Test
  void customer_metadata_is_merged_and_then_removed() {
    create(versionOf("g").customerMetadataProperties(Map.of("a", "1", "b", "1")));

    update(
        change()
            .customerMetadataProperties(Map.of("b", "2", "c", "2"))
            .customerMetadataPropertiesToRemove(List.of("a", "never-there")));

    assertThat(describe(VERSION).customerMetadataProperties())
        .isEqualTo(Map.of("b", "2", "c", "2"));
  }

  @Test
  void a_package_has_at_most_fifty_entries_of_customer_metadata() {
    version("g");
    for (int part = 0; part < 5; part++) {
      update(change().customerMetadataProperties(metadata(part * 10, part * 10 + 10)));
    }

    refused(
        () -> update(change().customerMetadataProperties(metadata(50, 51))),
        "CustomerMetadataProperties would have 51 entries; a model package has at most 50.");
  }

  @Test
  void additional_specifications_have_names_of_their_own_and_are_fifteen_at_most() {
    create(versionOf("g").additionalInferenceSpecifications(additional(0, 10)));

    refused(
        () -> update(change().additionalInferenceSpecificationsToAdd(additional(9, 10))),
        "The additional inference specification name \"spec-9\" is not unique within the model package.");
    update(change().additionalInferenceSpecificationsToAdd(additional(10, 15)));
    refused(
        () -> update(change().additionalInferenceSpecificationsToAdd(additional(15, 16))),
        "The model package would have 16 additional inference specifications; it has at most 15.");
    assertThat(describe(VERSION).additionalInferenceSpecifications()).isEqualTo(additional(0, 15));
  }

  @Test
  void an_update_sent_twice_with_its_client_token_is_made_once() {
    version("g");
    var added = change().additionalInferenceSpecificationsToAdd(additional(0, 1)).clientToken("t");

    update(added);
    update(added);

    assertThat(describe(VERSION).additionalInferenceSpecifications()).isEqualTo(additional(0, 1));
  }

  @Test
  void only_versions_are_updated() {
    create(single("alone"));

    refused(
        () -> approve(ARN + "model-package/alone"),
        "Model package %smodel-package/alone has no version: only a version of a model package group can be updated."
            .formatted(ARN));
    refused(() -> approve(VERSION), "ModelPackage " + VERSION + " does not exist.");
  }

  @Test
  void a_model_card_of_the_greatest_size_is_kept_and_its_content_can_be_left_out() {
    String content = "{\"a\":\"%s\"}".formatted("x".repeat(99_992));
    create(versionOf("g").modelCard(new ModelPackageModelCard(content, ModelCardStatus.DRAFT)));
    var metadataOnly =
        DescribeModelPackageInput.builder()
            .modelPackageName(VERSION)
            .includedData(IncludedData.METADATA_ONLY)
            .build();

    assertThat(describe(VERSION).modelCard().modelCardContent()).isEqualTo(content);
    assertThat(registry.packages().describe(metadataOnly, CALL).modelCard())
        .isEqualTo(new ModelPackageModelCard(null, ModelCardStatus.DRAFT));
    refused(
        () -> update(change().modelCard(new ModelPackageModelCard("[", ModelCardStatus.DRAFT))),
        "ModelCard.ModelCardContent is not a JSON object.");
  }

  @Test
  void a_clone_takes_over_what_it_does_not_say_but_not_the_approval() {
    create(versionOf("g").domain("NLP").task("FILL_MASK"));
    approve(VERSION);

    create(
        CreateModelPackageInput.builder()
            .modelPackageGroupName("g")
            .sourceUri(VERSION)
            .task("OTHER"));

    DescribeModelPackageOutput clone = describe("g/2");
    assertThat(clone.inferenceSpecification())
        .isEqualTo(describe(VERSION).inferenceSpecification());
    assertThat(clone.domain()).isEqualTo("NLP");
    assertThat(clone.task()).isEqualTo("OTHER");
    assertThat(clone.sourceUri()).isEqualTo(VERSION);
    assertThat(clone.modelApprovalStatus()).isEqualTo(ModelApprovalStatus.PENDING_MANUAL_APPROVAL);
    refused(
        () -> create(versionOf("g").sourceUri(ARN + "model-package/g/9")),
        "ModelPackage " + ARN + "model-package/g/9 does not exist.");
  }

  private static UpdateModelPackageInput.Builder change() {
    return UpdateModelPackageInput.builder().modelPackageArn(VERSION);
  }

  private static Map<String, String> metadata(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> "key-" + i, i -> "v"));
  }

  private static List<AdditionalInferenceSpecificationDefinition> additional(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i ->
            AdditionalInferenceSpecificationDefinition.builder()
                .name("spec-" + i)
                .containers(List.of(container("image:" + i)))
                .build())
        .toList();
  }
}
