package dev.berth.server;

import dev.berth.hosting.runtime.Capability;

/**
 * What becomes of what operations are given. Whoever adds an operation to {@code executed.txt}, or
 * a member to what one does, says so here; a test names what is missing.
 */
final class DeclaredInputs {
  private static final String NO_MANAGED_STORAGE = "always: model data stays where it is";

  private DeclaredInputs() {}

  static InputSupport all() {
    InputSupport.Builder all = InputSupport.builder();
    models(all);
    endpointConfigs(all);
    endpoints(all);
    transformJobs(all);
    tags(all);
    modelPackageGroups(all);
    modelPackages(all);
    invocations(all);
    return all.build();
  }

  private static void models(InputSupport.Builder all) {
    all.structure("CreateModelInput")
        .honoured("ModelName", "PrimaryContainer", "ExecutionRoleArn", "Tags")
        .needs(Capability.SEVERAL_CONTAINERS, "Containers")
        .needs(Capability.DIRECT_INVOCATION, "InferenceExecutionConfig")
        .needs(Capability.VPC, "VpcConfig")
        .needs(Capability.NETWORK_ISOLATION, "EnableNetworkIsolation")
        .structure("ContainerDefinition")
        .honoured(
            "ContainerHostname",
            "Image",
            "ModelDataUrl",
            "ModelDataSource",
            "AdditionalModelDataSources",
            "Environment",
            "ModelPackageName",
            "InferenceSpecificationName")
        .needs(Capability.PRIVATE_REGISTRY, "ImageConfig")
        .needs(Capability.MULTI_MODEL, "Mode", "MultiModelConfig")
        .stored("ContainerMetricsConfig")
        .structure("ModelDataSource")
        .honoured("S3DataSource")
        .structure("AdditionalModelDataSource")
        .honoured("ChannelName", "S3DataSource")
        .structure("S3ModelDataSource")
        .honoured("S3Uri", "S3DataType", "CompressionType")
        .stored("ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ETag", "ManifestEtag")
        .structure("DescribeModelInput")
        .honoured("ModelName")
        .structure("ListModelsInput")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter")
        .structure("DeleteModelInput")
        .honoured("ModelName");
  }

  private static void endpointConfigs(InputSupport.Builder all) {
    all.structure("CreateEndpointConfigInput")
        .honoured("EndpointConfigName", "ProductionVariants", "Tags")
        .stored("KmsKeyId", "ExecutionRoleArn", "MetricsConfig")
        .needs(Capability.DATA_CAPTURE, "DataCaptureConfig")
        .needs(Capability.ASYNC, "AsyncInferenceConfig")
        .needs(Capability.EXPLAINER, "ExplainerConfig")
        .needs(Capability.SHADOW, "ShadowProductionVariants")
        .needs(Capability.VPC, "VpcConfig")
        .needs(Capability.NETWORK_ISOLATION, "EnableNetworkIsolation")
        .structure("ProductionVariant")
        .honoured(
            "VariantName",
            "ModelName",
            "InitialInstanceCount",
            "InitialVariantWeight",
            "InstanceType",
            "ModelDataDownloadTimeoutInSeconds",
            "ContainerStartupHealthCheckTimeoutInSeconds",
            "RoutingConfig")
        .stored(
            "InstancePools",
            "VariantInstanceProvisionTimeoutInSeconds",
            "AcceleratorType",
            "CoreDumpConfig",
            "VolumeSizeInGB",
            "EnableSSMAccess",
            "InferenceAmiVersion",
            "CapacityReservationConfig")
        .needs(Capability.SERVERLESS, "ServerlessConfig")
        .refused("ManagedInstanceScaling", "for a variant with a ModelName, as on AWS")
        .structure("ProductionVariantRoutingConfig")
        .honoured("RoutingStrategy")
        .refused("PrefixAwareRoutingConfig", "with RoutingStrategy PREFIX_AWARE, which it is for")
        .structure("DescribeEndpointConfigInput")
        .honoured("EndpointConfigName")
        .structure("ListEndpointConfigsInput")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter")
        .structure("DeleteEndpointConfigInput")
        .honoured("EndpointConfigName");
  }

  private static void endpoints(InputSupport.Builder all) {
    all.structure("CreateEndpointInput")
        .honoured("EndpointName", "EndpointConfigName", "DeploymentConfig", "Tags")
        .structure("DeploymentConfig")
        .honoured("BlueGreenUpdatePolicy")
        .refused("RollingUpdatePolicy", "always: deployments are blue/green, all at once")
        .refused("AutoRollbackConfiguration", "with alarms, which Berth doesn't have")
        .structure("BlueGreenUpdatePolicy")
        .honoured(
            "TrafficRoutingConfiguration",
            "TerminationWaitInSeconds",
            "MaximumExecutionTimeoutInSeconds")
        .structure("TrafficRoutingConfig")
        .honoured("Type")
        .stored("WaitIntervalInSeconds")
        .refused("CanarySize", "with Type CANARY, which it is for")
        .refused("LinearStepSize", "with Type LINEAR, which it is for")
        .structure("DescribeEndpointInput")
        .honoured("EndpointName")
        .structure("ListEndpointsInput")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter",
            "LastModifiedTimeBefore",
            "LastModifiedTimeAfter",
            "StatusEquals")
        .structure("UpdateEndpointInput")
        .honoured(
            "EndpointName",
            "EndpointConfigName",
            "RetainAllVariantProperties",
            "ExcludeRetainedVariantProperties",
            "DeploymentConfig",
            "RetainDeploymentConfig")
        .structure("VariantProperty")
        .honoured("VariantPropertyType")
        .structure("UpdateEndpointWeightsAndCapacitiesInput")
        .honoured("EndpointName", "DesiredWeightsAndCapacities")
        .structure("DesiredWeightAndCapacity")
        .honoured("VariantName", "DesiredWeight", "DesiredInstanceCount")
        .refused("ServerlessUpdateConfig", "for a variant that isn't serverless, as on AWS")
        .structure("DeleteEndpointInput")
        .honoured("EndpointName");
  }

  private static void transformJobs(InputSupport.Builder all) {
    all.structure("CreateTransformJobRequest")
        .honoured(
            "TransformJobName",
            "ModelName",
            "MaxConcurrentTransforms",
            "ModelClientConfig",
            "MaxPayloadInMB",
            "BatchStrategy",
            "Environment",
            "TransformInput",
            "TransformOutput",
            "DataCaptureConfig",
            "TransformResources",
            "DataProcessing",
            "Tags")
        .refused("ExperimentConfig", "with a name of what is to be there: there are no experiments")
        .structure("ModelClientConfig")
        .honoured("InvocationsTimeoutInSeconds", "InvocationsMaxRetries")
        .structure("TransformInput")
        .honoured("DataSource", "ContentType", "CompressionType", "SplitType")
        .structure("TransformDataSource")
        .honoured("S3DataSource")
        .structure("TransformS3DataSource")
        .honoured("S3DataType", "S3Uri")
        .structure("TransformOutput")
        .honoured("S3OutputPath", "Accept", "AssembleWith")
        .refused("KmsKeyId", "with the embedded object store, which has no KMS")
        .structure("BatchDataCaptureConfig")
        .honoured("DestinationS3Uri", "GenerateInferenceId")
        .refused("KmsKeyId", "with the embedded object store, which has no KMS")
        .structure("TransformResources")
        .honoured("InstanceType", "InstanceCount")
        .stored("TransformAmiVersion")
        .refused("VolumeKmsKeyId", "always: instances have no volumes of their own")
        .structure("DataProcessing")
        .honoured("InputFilter", "OutputFilter", "JoinSource")
        .structure("DescribeTransformJobRequest")
        .honoured("TransformJobName")
        .structure("ListTransformJobsRequest")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter",
            "LastModifiedTimeBefore",
            "LastModifiedTimeAfter",
            "StatusEquals")
        .structure("StopTransformJobRequest")
        .honoured("TransformJobName");
  }

  private static void tags(InputSupport.Builder all) {
    all.structure("Tag")
        .honoured("Key", "Value")
        .structure("AddTagsInput")
        .honoured("ResourceArn", "Tags")
        .structure("ListTagsInput")
        .honoured("ResourceArn", "NextToken", "MaxResults")
        .structure("DeleteTagsInput")
        .honoured("ResourceArn", "TagKeys");
  }

  private static void modelPackageGroups(InputSupport.Builder all) {
    all.structure("CreateModelPackageGroupInput")
        .honoured("ModelPackageGroupName", "ModelPackageGroupDescription", "Tags")
        .refused("ManagedConfiguration", "with a ManagedStorageType: model data stays where it is")
        .structure("DescribeModelPackageGroupInput")
        .honoured("ModelPackageGroupName")
        .structure("ListModelPackageGroupsInput")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter",
            "CrossAccountFilterOption")
        .structure("DeleteModelPackageGroupInput")
        .honoured("ModelPackageGroupName")
        .structure("PutModelPackageGroupPolicyInput")
        .honoured("ModelPackageGroupName")
        .stored("ResourcePolicy")
        .structure("GetModelPackageGroupPolicyInput")
        .honoured("ModelPackageGroupName")
        .structure("DeleteModelPackageGroupPolicyInput")
        .honoured("ModelPackageGroupName");
  }

  private static void modelPackages(InputSupport.Builder all) {
    all.structure("CreateModelPackageInput")
        .honoured(
            "ModelPackageName",
            "ModelPackageGroupName",
            "ModelPackageDescription",
            "InferenceSpecification",
            "AdditionalInferenceSpecifications",
            "ModelApprovalStatus",
            "CustomerMetadataProperties",
            "SourceUri",
            "ClientToken",
            "Tags")
        .stored(
            "ModelPackageRegistrationType",
            "MetadataProperties",
            "ModelMetrics",
            "Domain",
            "Task",
            "SamplePayloadUrl",
            "DriftCheckBaselines",
            "SkipModelValidation",
            "SecurityConfig",
            "ModelCard",
            "ModelLifeCycle")
        .refused("CertifyForMarketplace", "when true: there is no marketplace")
        .refused("ValidationSpecification", "unless SkipModelValidation is All: no job is run")
        .refused("SourceAlgorithmSpecification", "always: there are no algorithms")
        .refused("ManagedStorageType", NO_MANAGED_STORAGE)
        .structure("InferenceSpecification")
        .honoured(
            "Containers",
            "SupportedTransformInstanceTypes",
            "SupportedRealtimeInferenceInstanceTypes")
        .stored("SupportedContentTypes", "SupportedResponseMIMETypes")
        .structure("AdditionalInferenceSpecificationDefinition")
        .honoured(
            "Name",
            "Description",
            "Containers",
            "SupportedTransformInstanceTypes",
            "SupportedRealtimeInferenceInstanceTypes")
        .stored("SupportedContentTypes", "SupportedResponseMIMETypes")
        .structure("ModelPackageContainerDefinition")
        .honoured(
            "ContainerHostname",
            "Image",
            "ModelDataUrl",
            "ModelDataSource",
            "AdditionalModelDataSources",
            "Environment")
        .stored(
            "ImageDigest",
            "ModelInput",
            "Framework",
            "FrameworkVersion",
            "NearestModelName",
            "ModelDataETag",
            "IsCheckpoint",
            "BaseModel")
        .refused("ProductId", "when a model is made of it: there is no marketplace")
        .refused("AdditionalS3DataSource", "when a model is made of it")
        .structure("DescribeModelPackageInput")
        .honoured("ModelPackageName", "IncludedData")
        .structure("BatchDescribeModelPackageInput")
        .honoured("ModelPackageArnList")
        .structure("ListModelPackagesInput")
        .honoured(
            "SortBy",
            "SortOrder",
            "NextToken",
            "MaxResults",
            "NameContains",
            "CreationTimeBefore",
            "CreationTimeAfter",
            "ModelApprovalStatus",
            "ModelPackageGroupName",
            "ModelPackageType")
        .structure("UpdateModelPackageInput")
        .honoured(
            "ModelPackageArn",
            "ModelApprovalStatus",
            "ApprovalDescription",
            "CustomerMetadataProperties",
            "CustomerMetadataPropertiesToRemove",
            "AdditionalInferenceSpecificationsToAdd",
            "InferenceSpecification",
            "ClientToken")
        .stored("ModelPackageRegistrationType", "SourceUri", "ModelCard", "ModelLifeCycle")
        .structure("DeleteModelPackageInput")
        .honoured("ModelPackageName");
  }

  private static void invocations(InputSupport.Builder all) {
    all.structure("InvokeEndpointInput")
        .honoured(
            "EndpointName",
            "Body",
            "ContentType",
            "Accept",
            "CustomAttributes",
            "TargetVariant",
            "TargetContainerHostname",
            "InferenceId")
        .needs(Capability.MULTI_MODEL, "TargetModel")
        .refused("InferenceComponentName", "always: there are no inference components yet")
        .refused("SessionId", "always: there are no stateful sessions yet")
        .ignored("PrefixAwareId", "RoutingStrategy PREFIX_AWARE, which it is for, is refused")
        .needs(Capability.EXPLAINER, "EnableExplanations");
  }
}
