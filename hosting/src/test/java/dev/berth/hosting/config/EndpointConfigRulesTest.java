package dev.berth.hosting.config;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.ProductionVariantManagedInstanceScaling;
import dev.berth.api.sagemaker.ProductionVariantRoutingConfig;
import dev.berth.api.sagemaker.ProductionVariantServerlessConfig;
import dev.berth.api.sagemaker.RoutingStrategy;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointConfigRulesTest {

  @Test
  void a_variant_with_a_model_and_instances_is_a_config() {
    assertThatCode(() -> EndpointConfigRules.check(config(variant("a"))))
        .doesNotThrowAnyException();
  }

  @Test
  void variant_names_are_unique() {
    refused(
        config(variant("a"), variant("a")),
        "The variant name \"a\" was non-unique within the request.");
  }

  @Test
  void a_variant_needs_a_model() {
    refused(
        config(variant("a").modelName(null)), "ProductionVariants[0] (\"a\") has no ModelName.");
  }

  @Test
  void a_variant_needs_an_instance_count() {
    refused(
        config(variant("a").initialInstanceCount(null)),
        "ProductionVariants[0] (\"a\") has no InitialInstanceCount");
  }

  @Test
  void a_variant_needs_exactly_one_kind_of_capacity() {
    refused(
        config(variant("a").instanceType(null)),
        "needs exactly one of InstanceType, InstancePools and ServerlessConfig");
  }

  @Test
  void serverless_and_instances_exclude_one_another() {
    refused(
        config(variant("a").serverlessConfig(serverless(2048, 5, null))),
        "has ServerlessConfig together with InstanceType or InitialInstanceCount");
  }

  @Test
  void serverless_memory_comes_in_steps() {
    refused(
        config(serverlessVariant(serverless(1500, 5, null))),
        "ProductionVariants[0].ServerlessConfig.MemorySizeInMB is 1500; it must be a multiple of 1024.");
  }

  @Test
  void provisioned_concurrency_is_within_the_maximum() {
    refused(
        config(serverlessVariant(serverless(2048, 5, 6))),
        "ProvisionedConcurrency is 6, more than MaxConcurrency (5)");
  }

  @Test
  void managed_scaling_is_for_inference_components() {
    refused(
        config(
            variant("a")
                .managedInstanceScaling(
                    ProductionVariantManagedInstanceScaling.builder().minInstanceCount(1).build())),
        "ManagedInstanceScaling is not supported with the given EndpointConfig setup.");
  }

  @Test
  void a_routing_that_is_not_carried_out_is_refused() {
    refused(
        config(
            variant("a")
                .routingConfig(
                    ProductionVariantRoutingConfig.builder()
                        .routingStrategy(RoutingStrategy.PREFIX_AWARE)
                        .build())),
        "RoutingStrategy is \"PREFIX_AWARE\"");
  }

  @Test
  void a_shadow_stands_beside_exactly_one_variant() {
    CreateEndpointConfigInput config =
        config(variant("a"), variant("b")).toBuilder()
            .shadowProductionVariants(List.of(variant("s").build()))
            .build();
    refused(config, "this one has 1 and 2");
  }

  private static void refused(CreateEndpointConfigInput config, String message) {
    assertThatThrownBy(() -> EndpointConfigRules.check(config)).hasMessageContaining(message);
  }

  private static CreateEndpointConfigInput config(ProductionVariant.Builder... variants) {
    return CreateEndpointConfigInput.builder()
        .endpointConfigName("c")
        .productionVariants(
            List.of(variants).stream().map(ProductionVariant.Builder::build).toList())
        .build();
  }

  private static ProductionVariant.Builder variant(String name) {
    return ProductionVariant.builder()
        .variantName(name)
        .modelName("m")
        .instanceType("ml.m5.large")
        .initialInstanceCount(1);
  }

  private static ProductionVariant.Builder serverlessVariant(
      ProductionVariantServerlessConfig config) {
    return ProductionVariant.builder().variantName("a").modelName("m").serverlessConfig(config);
  }

  private static ProductionVariantServerlessConfig serverless(
      int memory, int concurrency, Integer provisioned) {
    return ProductionVariantServerlessConfig.builder()
        .memorySizeInMB(memory)
        .maxConcurrency(concurrency)
        .provisionedConcurrency(provisioned)
        .build();
  }
}
