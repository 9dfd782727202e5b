package dev.berth.hosting.model;

import static dev.berth.api.sagemaker.RepositoryAccessMode.PLATFORM;
import static dev.berth.api.sagemaker.RepositoryAccessMode.VPC;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AdditionalModelDataSource;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.ImageConfig;
import dev.berth.api.sagemaker.InferenceExecutionConfig;
import dev.berth.api.sagemaker.InferenceExecutionMode;
import dev.berth.api.sagemaker.ModelCompressionType;
import dev.berth.api.sagemaker.ModelDataSource;
import dev.berth.api.sagemaker.MultiModelConfig;
import dev.berth.api.sagemaker.RepositoryAccessMode;
import dev.berth.api.sagemaker.RepositoryAuthConfig;
import dev.berth.api.sagemaker.S3ModelDataSource;
import dev.berth.api.sagemaker.S3ModelDataType;
import dev.berth.api.sagemaker.VpcConfig;
import java.util.HashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ModelRulesTest {

  @Test
  void one_container_with_image_and_data_is_a_model() {
    assertThatCode(() -> ModelRules.check(primary(container().modelDataUrl("s3://b/m.tar.gz"))))
        .doesNotThrowAnyException();
  }

  @Test
  void primary_container_and_containers_exclude_one_another() {
    CreateModelInput both =
        primary(container()).toBuilder().containers(List.of(container().build())).build();
    refused(both, "Both PrimaryContainer and Containers are given.");
  }

  @Test
  void a_model_without_containers_is_refused() {
    refused(
        CreateModelInput.builder().modelName("m").build(),
        "Neither PrimaryContainer nor Containers is given.");
  }

  @Test
  void containers_may_be_one() {
    assertThatCode(() -> ModelRules.check(several(container()))).doesNotThrowAnyException();
  }

  @Test
  void a_container_without_image_is_refused_in_the_words_of_aws() {
    refused(
        primary(ContainerDefinition.builder().modelDataUrl("s3://b/k")),
        "Specify one of either Image and Model Data URL or ModelPackageName in container definition.");
  }

  @Test
  void image_and_model_package_exclude_one_another() {
    refused(
        primary(container().modelPackageName("p")),
        "Specify one of either Image and Model Data URL or ModelPackageName in container definition.");
  }

  @Test
  void a_model_package_is_no_multi_model() {
    refused(
        primary(
            ContainerDefinition.builder().modelPackageName("p").mode(ContainerMode.MULTI_MODEL)),
        "PrimaryContainer.Mode MultiModel can't be used with a ModelPackageName.");
  }

  @Test
  void a_specification_name_needs_a_package() {
    refused(
        primary(container().inferenceSpecificationName("s")),
        "PrimaryContainer.InferenceSpecificationName is \"s\" without a ModelPackageName");
  }

  @Test
  void url_and_data_source_exclude_one_another() {
    refused(
        primary(
            container()
                .modelDataUrl("s3://b/k")
                .modelDataSource(source("s3://b/k", S3ModelDataType.S3_OBJECT))),
        "Both ModelDataUrl and ModelDataSource are given in PrimaryContainer.");
  }

  @Test
  void a_prefix_ends_in_a_slash() {
    refused(
        primary(container().modelDataSource(source("s3://b/k", S3ModelDataType.S3_PREFIX))),
        "PrimaryContainer.ModelDataSource.S3DataSource.S3Uri is \"s3://b/k\": with S3DataType S3Prefix it must end with a forward slash.");
  }

  @Test
  void a_prefix_can_not_be_compressed() {
    refused(
        primary(
            container()
                .modelDataSource(
                    source("s3://b/k/", S3ModelDataType.S3_PREFIX, ModelCompressionType.GZIP))),
        "S3DataType S3Prefix with CompressionType Gzip");
  }

  @Test
  void an_object_is_not_a_prefix() {
    refused(
        primary(container().modelDataSource(source("s3://b/k/", S3ModelDataType.S3_OBJECT))),
        "it must name one object, not a prefix");
  }

  @Test
  void channels_have_names_of_their_own() {
    AdditionalModelDataSource one = channel("adapters");
    refused(
        primary(container().additionalModelDataSources(List.of(one, one))),
        "PrimaryContainer.AdditionalModelDataSources[1].ChannelName \"adapters\" is not unique");
  }

  @Test
  void either_all_containers_have_a_hostname_or_none() {
    refused(
        several(container().containerHostname("a"), container()),
        "1 of 2 containers have a ContainerHostname");
  }

  @Test
  void hostnames_are_unique() {
    refused(
        several(container().containerHostname("a"), container().containerHostname("a")),
        "ContainerHostname \"a\" is not unique within the model.");
  }

  @Test
  void direct_invocation_needs_hostnames() {
    CreateModelInput direct =
        several(container(), container()).toBuilder()
            .inferenceExecutionConfig(
                InferenceExecutionConfig.builder().mode(InferenceExecutionMode.DIRECT).build())
            .build();
    refused(direct, "every container needs a ContainerHostname, 0 of 2 have one");
  }

  @Test
  void one_container_of_a_serial_pipeline_may_have_many_models() {
    ModelRules.check(
        several(
            container(),
            container().mode(ContainerMode.MULTI_MODEL).modelDataUrl("s3://b/models/")));
    refused(
        several(
            container().mode(ContainerMode.MULTI_MODEL).modelDataUrl("s3://b/models/"),
            container().mode(ContainerMode.MULTI_MODEL).modelDataUrl("s3://b/models/")),
        "Mode MultiModel is given for 2 of 2 containers; at most one of an inference pipeline can have it.");
  }

  @Test
  void multi_model_mode_is_not_for_direct_invocation() {
    refused(
        several(
                container().containerHostname("a"),
                container()
                    .containerHostname("b")
                    .mode(ContainerMode.MULTI_MODEL)
                    .modelDataUrl("s3://b/models/"))
            .toBuilder()
            .inferenceExecutionConfig(
                InferenceExecutionConfig.builder().mode(InferenceExecutionMode.DIRECT).build())
            .build(),
        "Mode MultiModel can't be used with InferenceExecutionConfig.Mode Direct");
  }

  @Test
  void multi_model_mode_needs_a_prefix_of_models() {
    refused(
        primary(container().mode(ContainerMode.MULTI_MODEL)),
        "PrimaryContainer.ModelDataUrl is required with Mode MultiModel");
  }

  @Test
  void multi_model_settings_need_multi_model_mode() {
    refused(
        primary(container().multiModelConfig(MultiModelConfig.builder().build())),
        "PrimaryContainer.MultiModelConfig is given but Mode is not MultiModel.");
  }

  @Test
  void all_environments_together_are_bounded() {
    var environment = new HashMap<String, String>();
    for (int i = 0; i < 40; i++) {
      environment.put("K%03d".formatted(i), "v".repeat(1000));
    }
    refused(
        primary(container().environment(environment)),
        "Environment of all containers together is 40160 bytes; at most 32768 bytes are allowed.");
  }

  @Test
  void a_url_that_names_nothing_in_s3_is_refused() {
    refused(
        primary(container().modelDataUrl("https://example.org/model.tar.gz")),
        "PrimaryContainer.ModelDataUrl is \"https://example.org/model.tar.gz\", which names no object in S3");
  }

  @Test
  void a_private_registry_needs_a_vpc() {
    ContainerDefinition.Builder container = container().imageConfig(images(VPC, null));
    refused(
        primary(container),
        "PrimaryContainer.ImageConfig.RepositoryAccessMode is Vpc but the model has no VpcConfig");

    var vpc =
        VpcConfig.builder().subnets(List.of("subnet-1")).securityGroupIds(List.of("sg-1")).build();
    assertThatCode(() -> ModelRules.check(primary(container).toBuilder().vpcConfig(vpc).build()))
        .doesNotThrowAnyException();
  }

  @Test
  void only_a_private_registry_asks_for_credentials() {
    var auth =
        RepositoryAuthConfig.builder()
            .repositoryCredentialsProviderArn("arn:aws:lambda:us-east-1:111122223333:function:f")
            .build();
    refused(
        several(container(), container().imageConfig(images(PLATFORM, auth))),
        "Containers[1].ImageConfig.RepositoryAuthConfig is given but RepositoryAccessMode is Platform");
  }

  private static ImageConfig images(
      RepositoryAccessMode mode, @Nullable RepositoryAuthConfig auth) {
    return ImageConfig.builder().repositoryAccessMode(mode).repositoryAuthConfig(auth).build();
  }

  private static void refused(CreateModelInput model, String message) {
    assertThatThrownBy(() -> ModelRules.check(model))
        .isInstanceOfSatisfying(
            AwsException.class,
            e -> {
              org.assertj.core.api.Assertions.assertThat(e.code()).isEqualTo("ValidationException");
              org.assertj.core.api.Assertions.assertThat(e.status()).isEqualTo(400);
            })
        .hasMessageContaining(message);
  }

  private static ContainerDefinition.Builder container() {
    return ContainerDefinition.builder().image("berth/xgboost");
  }

  private static CreateModelInput primary(ContainerDefinition.Builder container) {
    return CreateModelInput.builder().modelName("m").primaryContainer(container.build()).build();
  }

  private static CreateModelInput several(ContainerDefinition.Builder... containers) {
    return CreateModelInput.builder()
        .modelName("m")
        .containers(List.of(containers).stream().map(ContainerDefinition.Builder::build).toList())
        .build();
  }

  private static ModelDataSource source(String uri, S3ModelDataType type) {
    return source(uri, type, ModelCompressionType.NONE);
  }

  private static ModelDataSource source(
      String uri, S3ModelDataType type, ModelCompressionType compression) {
    return ModelDataSource.builder().s3DataSource(s3(uri, type, compression)).build();
  }

  private static S3ModelDataSource s3(
      String uri, S3ModelDataType type, ModelCompressionType compression) {
    return S3ModelDataSource.builder()
        .s3Uri(uri)
        .s3DataType(type)
        .compressionType(compression)
        .build();
  }

  private static AdditionalModelDataSource channel(String name) {
    return AdditionalModelDataSource.builder()
        .channelName(name)
        .s3DataSource(s3("s3://b/k", S3ModelDataType.S3_OBJECT, ModelCompressionType.NONE))
        .build();
  }
}
