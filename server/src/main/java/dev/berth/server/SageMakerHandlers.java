package dev.berth.server;

import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.service.Handlers;
import dev.berth.hosting.config.EndpointConfigOperations;
import dev.berth.hosting.endpoint.EndpointOperations;
import dev.berth.hosting.model.ModelOperations;
import dev.berth.hosting.tag.TagOperations;

/** Which code executes which operation of the SageMaker API. */
final class SageMakerHandlers {
  private SageMakerHandlers() {}

  static Handlers of(
      ModelOperations models,
      EndpointConfigOperations configs,
      EndpointOperations endpoints,
      TagOperations tags) {
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
        .on(SageMakerApi.ADD_TAGS, tags::add)
        .on(SageMakerApi.LIST_TAGS, tags::list)
        .on(SageMakerApi.DELETE_TAGS, tags::delete)
        .build();
  }
}
