package dev.berth.server;

import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.service.Handlers;
import dev.berth.hosting.config.EndpointConfigOperations;
import dev.berth.hosting.endpoint.EndpointOperations;
import dev.berth.hosting.model.ModelOperations;
import dev.berth.hosting.tag.TagOperations;
import dev.berth.registry.ModelRegistry;
import dev.berth.transform.job.TransformJobOperations;

/** Which code executes which operation of the SageMaker API. */
final class SageMakerHandlers {
  private SageMakerHandlers() {}

  static Handlers of(
      ModelOperations models,
      EndpointConfigOperations configs,
      EndpointOperations endpoints,
      TransformJobOperations transforms,
      TagOperations tags,
      ModelRegistry registry) {
    return Handlers.of(SageMakerApi.SERVICE)
        .on(SageMakerApi.CREATE_MODEL, models::create)
        .on(SageMakerApi.DESCRIBE_MODEL, models::describe)
        .on(SageMakerApi.LIST_MODELS, models::list)
        .on(SageMakerApi.DELETE_MODEL, models::delete)
        .on(SageMakerApi.CREATE_ENDPOINT_CONFIG, configs::create)
        .on(SageMakerApi.DESCRIBE_ENDPOINT_CONFIG, configs::describe)
        .on(SageMakerApi.LIST_ENDPOINT_CONFIGS, configs::list)
        .on(SageMakerApi.DELETE_ENDPOINT_CONFIG, configs::delete)
        .on(SageMakerApi.CREATE_ENDPOINT, endpoints::create)
        .on(SageMakerApi.DESCRIBE_ENDPOINT, endpoints::describe)
        .on(SageMakerApi.LIST_ENDPOINTS, endpoints::list)
        .on(SageMakerApi.UPDATE_ENDPOINT, endpoints::update)
        .on(
            SageMakerApi.UPDATE_ENDPOINT_WEIGHTS_AND_CAPACITIES,
            endpoints::updateWeightsAndCapacities)
        .on(SageMakerApi.DELETE_ENDPOINT, endpoints::delete)
        .on(SageMakerApi.CREATE_TRANSFORM_JOB, transforms::create)
        .on(SageMakerApi.DESCRIBE_TRANSFORM_JOB, transforms::describe)
        .on(SageMakerApi.LIST_TRANSFORM_JOBS, transforms::list)
        .on(SageMakerApi.STOP_TRANSFORM_JOB, transforms::stop)
        .on(SageMakerApi.ADD_TAGS, tags::add)
        .on(SageMakerApi.LIST_TAGS, tags::list)
        .on(SageMakerApi.DELETE_TAGS, tags::delete)
        .on(SageMakerApi.CREATE_MODEL_PACKAGE_GROUP, registry.groups()::create)
        .on(SageMakerApi.DESCRIBE_MODEL_PACKAGE_GROUP, registry.groups()::describe)
        .on(SageMakerApi.LIST_MODEL_PACKAGE_GROUPS, registry.groups()::list)
        .on(SageMakerApi.DELETE_MODEL_PACKAGE_GROUP, registry.groups()::delete)
        .on(SageMakerApi.PUT_MODEL_PACKAGE_GROUP_POLICY, registry.policies()::put)
        .on(SageMakerApi.GET_MODEL_PACKAGE_GROUP_POLICY, registry.policies()::get)
        .on(SageMakerApi.DELETE_MODEL_PACKAGE_GROUP_POLICY, registry.policies()::delete)
        .on(SageMakerApi.CREATE_MODEL_PACKAGE, registry.packages()::create)
        .on(SageMakerApi.DESCRIBE_MODEL_PACKAGE, registry.packages()::describe)
        .on(SageMakerApi.BATCH_DESCRIBE_MODEL_PACKAGE, registry.packages()::batchDescribe)
        .on(SageMakerApi.LIST_MODEL_PACKAGES, registry.lists()::list)
        .on(SageMakerApi.UPDATE_MODEL_PACKAGE, registry.packages()::update)
        .on(SageMakerApi.DELETE_MODEL_PACKAGE, registry.packages()::delete)
        .build();
  }
}
