package dev.berth.registry;

import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.InferenceSpecification;
import dev.berth.api.sagemaker.ModelPackageContainerDefinition;
import dev.berth.hosting.model.StoredModel;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a new package takes over from its SourceUri: all that the request leaves out from another
 * package, or the containers of a model ("If you want to clone a model package, set it to the model
 * package Amazon Resource Name (ARN). If you want to register a model, set it to the model ARN.",
 * API Reference, CreateModelPackage). Any other text is kept and means nothing here.
 */
final class PackageSources {
  private final Store store;
  private final Arns arns;

  PackageSources(Store store, Arns arns) {
    this.store = store;
    this.arns = arns;
  }

  /**
   * Returns the request with what its source adds.
   *
   * @throws dev.berth.api.error.AwsException ValidationException when the source is not there
   */
  CreateModelPackageInput complete(CreateModelPackageInput request) {
    String source = request.sourceUri();
    if (source == null) {
      return request;
    }
    return arns.parse(source)
        .map(target ->
            switch (target.kind()) {
              case MODEL_PACKAGE -> clone(request, source);
              case MODEL -> register(request, target.name());
              default -> request;
            })
        .orElse(request);
  }

  private CreateModelPackageInput clone(CreateModelPackageInput request, String arn) {
    PackageId id = PackageId.parse(arn, arns);
    Resource resource =
        store.find(id.key()).orElseThrow(() -> Kind.MODEL_PACKAGE.notFound(id.arn(arns)));
    var source = new Source(request, PackageDocument.parse(resource.document()).request());
    return request.toBuilder()
        .modelPackageDescription(source.of(CreateModelPackageInput::modelPackageDescription))
        .inferenceSpecification(source.of(CreateModelPackageInput::inferenceSpecification))
        .additionalInferenceSpecifications(
            source.of(CreateModelPackageInput::additionalInferenceSpecifications))
        .modelMetrics(source.of(CreateModelPackageInput::modelMetrics))
        .metadataProperties(source.of(CreateModelPackageInput::metadataProperties))
        .customerMetadataProperties(source.of(CreateModelPackageInput::customerMetadataProperties))
        .driftCheckBaselines(source.of(CreateModelPackageInput::driftCheckBaselines))
        .domain(source.of(CreateModelPackageInput::domain))
        .task(source.of(CreateModelPackageInput::task))
        .samplePayloadUrl(source.of(CreateModelPackageInput::samplePayloadUrl))
        .securityConfig(source.of(CreateModelPackageInput::securityConfig))
        .modelCard(source.of(CreateModelPackageInput::modelCard))
        .build();
  }

  /** A request before what it takes over. */
  private record Source(CreateModelPackageInput request, CreateModelPackageInput cloned) {
    <T> @Nullable T of(Function<CreateModelPackageInput, @Nullable T> member) {
      T given = member.apply(request);
      return given == null ? member.apply(cloned) : given;
    }
  }

  private CreateModelPackageInput register(CreateModelPackageInput request, String modelName) {
    Resource resource =
        store
            .find(Kind.MODEL.key(modelName))
            .orElseThrow(() -> Kind.MODEL.notFound(arns.of(Kind.MODEL, modelName)));
    if (request.inferenceSpecification() != null) {
      return request;
    }
    CreateModelInput model = StoredModel.parse(resource.document()).resolved();
    List<ContainerDefinition> containers =
        model.primaryContainer() != null
            ? List.of(model.primaryContainer())
            : Objects.requireNonNull(model.containers());
    return request.toBuilder()
        .inferenceSpecification(
            InferenceSpecification.builder()
                .containers(containers.stream().map(PackageSources::packaged).toList())
                .build())
        .build();
  }

  private static ModelPackageContainerDefinition packaged(ContainerDefinition container) {
    return ModelPackageContainerDefinition.builder()
        .containerHostname(container.containerHostname())
        .image(container.image())
        .modelDataUrl(container.modelDataUrl())
        .modelDataSource(container.modelDataSource())
        .additionalModelDataSources(container.additionalModelDataSources())
        .environment(container.environment())
        .build();
  }
}
