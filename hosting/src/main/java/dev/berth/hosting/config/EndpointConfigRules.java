package dev.berth.hosting.config;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.CreateEndpointConfigInput;
import dev.berth.api.sagemaker.InstancePool;
import dev.berth.api.sagemaker.ProductionVariant;
import dev.berth.api.sagemaker.ProductionVariantManagedInstanceScaling;
import dev.berth.api.sagemaker.ProductionVariantRoutingConfig;
import dev.berth.api.sagemaker.ProductionVariantServerlessConfig;
import dev.berth.api.sagemaker.RoutingStrategy;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The rules of CreateEndpointConfig that its shape's constraints don't say (API Reference,
 * CreateEndpointConfig and ProductionVariant). AWS's own words where they have been seen; ours,
 * naming field, value and rule, where not.
 */
final class EndpointConfigRules {
  private static final int SERVERLESS_STEP_MB = 1024;

  private EndpointConfigRules() {}

  /**
   * Checks a request, apart from the models it names.
   *
   * @throws AwsException ValidationException that says which rule is broken
   */
  static void check(CreateEndpointConfigInput config) {
    List<ProductionVariant> production = Objects.requireNonNull(config.productionVariants());
    List<ProductionVariant> shadow = config.shadowProductionVariants();
    var names = new HashSet<String>();
    checkVariants(config, production, "ProductionVariants", names);
    if (shadow == null) {
      return;
    }
    checkVariants(config, shadow, "ShadowProductionVariants", names);
    if (shadow.size() != 1 || production.size() != 1) {
      throw AwsException.validation(
          "A configuration with ShadowProductionVariants has exactly one of them and one of ProductionVariants; this one has %d and %d."
              .formatted(shadow.size(), production.size()));
    }
  }

  private static void checkVariants(
      CreateEndpointConfigInput config,
      List<ProductionVariant> variants,
      String member,
      Set<String> names) {
    for (int i = 0; i < variants.size(); i++) {
      ProductionVariant variant = variants.get(i);
      String path = "%s[%d]".formatted(member, i);
      String name = Objects.requireNonNull(variant.variantName());
      if (!names.add(name)) {
        throw AwsException.validation(
            "The variant name \"%s\" was non-unique within the request.".formatted(name));
      }
      checkModel(config, variant, path);
      checkCapacity(variant, path);
      checkScaling(variant);
      checkRouting(variant, path);
    }
  }

  private static void checkModel(
      CreateEndpointConfigInput config, ProductionVariant variant, String path) {
    if (variant.modelName() == null && config.executionRoleArn() == null) {
      throw AwsException.validation(
          "%s (\"%s\") has no ModelName. It may only be left out for inference components, with ExecutionRoleArn in the endpoint configuration."
              .formatted(path, variant.variantName()));
    }
  }

  private static void checkCapacity(ProductionVariant variant, String path) {
    ProductionVariantServerlessConfig serverless = variant.serverlessConfig();
    if (serverless != null) {
      if (variant.instanceType() != null || variant.initialInstanceCount() != null) {
        throw AwsException.validation(
            "%s (\"%s\") has ServerlessConfig together with InstanceType or InitialInstanceCount; specify one or the other."
                .formatted(path, variant.variantName()));
      }
      checkServerless(serverless, path);
      return;
    }
    boolean hasPools = variant.instancePools() != null && !variant.instancePools().isEmpty();
    if (hasPools == (variant.instanceType() != null)) {
      throw AwsException.validation(
          "%s (\"%s\") needs exactly one of InstanceType, InstancePools and ServerlessConfig."
              .formatted(path, variant.variantName()));
    }
    if (variant.initialInstanceCount() == null && variant.modelName() != null) {
      throw AwsException.validation(
          "%s (\"%s\") has no InitialInstanceCount, which a variant with instances needs."
              .formatted(path, variant.variantName()));
    }
  }

  /**
   * Checks a variant against its model's packages.
   *
   * @param supported the only instance types they allow; empty for any
   */
  static void checkInstanceTypes(ProductionVariant variant, List<String> supported) {
    if (supported.isEmpty()) {
      return;
    }
    if (variant.instanceType() != null) {
      checkInstanceType(variant, variant.instanceType(), supported);
    }
    if (variant.instancePools() != null) {
      for (InstancePool pool : variant.instancePools()) {
        checkInstanceType(variant, Objects.requireNonNull(pool.instanceType()), supported);
      }
    }
  }

  private static void checkInstanceType(
      ProductionVariant variant, String type, List<String> supported) {
    if (!supported.contains(type)) {
      throw AwsException.validation(
          "The instance type \"%s\" of variant \"%s\" is not supported by the model package of model \"%s\". Supported instance types: %s."
              .formatted(
                  type, variant.variantName(), variant.modelName(), String.join(", ", supported)));
    }
  }

  private static void checkServerless(ProductionVariantServerlessConfig serverless, String path) {
    Integer memory = serverless.memorySizeInMB();
    if (memory != null && memory % SERVERLESS_STEP_MB != 0) {
      throw AwsException.validation(
          "%s.ServerlessConfig.MemorySizeInMB is %d; it must be a multiple of 1024."
              .formatted(path, memory));
    }
    Integer provisioned = serverless.provisionedConcurrency();
    Integer most = serverless.maxConcurrency();
    if (provisioned != null && most != null && provisioned > most) {
      throw AwsException.validation(
          "%s.ServerlessConfig.ProvisionedConcurrency is %d, more than MaxConcurrency (%d)."
              .formatted(path, provisioned, most));
    }
  }

  private static void checkScaling(ProductionVariant variant) {
    ProductionVariantManagedInstanceScaling scaling = variant.managedInstanceScaling();
    if (scaling != null && variant.modelName() != null) {
      throw AwsException.validation(
          "ManagedInstanceScaling is not supported with the given EndpointConfig setup.");
    }
  }

  private static void checkRouting(ProductionVariant variant, String path) {
    ProductionVariantRoutingConfig routing = variant.routingConfig();
    if (routing != null && routing.routingStrategy() == RoutingStrategy.PREFIX_AWARE) {
      throw AwsException.validation(
          "%s.RoutingConfig.RoutingStrategy is \"PREFIX_AWARE\": Berth routes by RANDOM and LEAST_OUTSTANDING_REQUESTS only."
              .formatted(path));
    }
  }
}
