package dev.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.AdditionalInferenceSpecificationDefinition;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.hosting.model.ModelPackages.Deployable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApprovedPackagesTest extends RegistryFixture {

  @Test
  void an_approved_version_is_run_as_it_says() {
    group("g");
    var container =
        container("image:1").toBuilder()
            .containerHostname("h")
            .environment(Map.of("A", "1"))
            .build();
    var specification =
        specification(container).toBuilder()
            .supportedRealtimeInferenceInstanceTypes(List.of("ml.m5.large"))
            .build();
    approve(create(versionOf("g").inferenceSpecification(specification)));

    assertThat(deployable("g/1", null))
        .isEqualTo(
            new Deployable(
                List.of(
                    ContainerDefinition.builder()
                        .containerHostname("h")
                        .image("image:1")
                        .modelDataUrl("s3://b/model.tar.gz")
                        .environment(Map.of("A", "1"))
                        .build()),
                List.of("ml.m5.large"),
                List.of()));
  }

  @Test
  void a_version_that_is_not_approved_is_not_run() {
    group("g");
    String arn = version("g");

    refused(
        () -> deployable(arn, null),
        "Model package %s can't be deployed: its ModelApprovalStatus is \"PendingManualApproval\". Set it to \"Approved\" first."
            .formatted(arn));
  }

  @Test
  void a_package_alone_needs_no_approval() {
    create(single("alone"));

    assertThat(deployable("alone", null).transformInstanceTypes()).containsExactly("ml.m5.xlarge");
  }

  @Test
  void an_additional_specification_is_run_by_its_name() {
    group("g");
    var additional =
        AdditionalInferenceSpecificationDefinition.builder()
            .name("gpu")
            .containers(List.of(container("image:gpu")))
            .build();
    approve(create(versionOf("g").additionalInferenceSpecifications(List.of(additional))));

    assertThat(deployable("g/1", "gpu").containers())
        .extracting(ContainerDefinition::image)
        .containsExactly("image:gpu");
    refused(
        () -> deployable("g/1", "tpu"),
        "Could not find inference specification \"tpu\" in model package %smodel-package/g/1; its additional inference specifications are: gpu."
            .formatted(ARN));
  }

  @Test
  void a_product_of_the_marketplace_is_not_run() {
    group("g");
    var product = container("image:1").toBuilder().productId("prod-1").build();
    approve(create(versionOf("g").inferenceSpecification(specification(product))));

    refused(() -> deployable("g/1", null), "Caller is not subscribed to the marketplace offering.");
  }

  private Deployable deployable(String name, String specification) {
    return registry.deployable().deployable(name, specification);
  }
}
