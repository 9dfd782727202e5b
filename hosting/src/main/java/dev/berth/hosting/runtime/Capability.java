package dev.berth.hosting.runtime;

/** What a model or an endpoint config may ask for that not every runtime can do. */
public enum Capability {
  CUSTOM_IMAGE("container images", "the docker runtime"),
  SEVERAL_CONTAINERS(
      "models with several containers (inference pipelines)", "the embedded and docker runtimes"),
  DIRECT_INVOCATION(
      "direct invocation of one of several containers", "the embedded and docker runtimes"),
  MULTI_MODEL("multi-model endpoints (Mode MultiModel)", "the embedded and docker runtimes"),
  NETWORK_ISOLATION(
      "network isolation (EnableNetworkIsolation)", "the embedded and docker runtimes"),
  PRIVATE_REGISTRY("private registries (ImageConfig)", "the docker runtime"),
  VPC("VpcConfig", "the embedded and docker runtimes"),
  SERVERLESS("serverless variants (ServerlessConfig)", "a later Berth"),
  ASYNC("asynchronous inference (AsyncInferenceConfig)", "a later Berth"),
  SHADOW("shadow variants (ShadowProductionVariants)", "a later Berth"),
  DATA_CAPTURE("data capture (DataCaptureConfig)", "a later Berth"),
  EXPLAINER("explanations (ExplainerConfig)", "a later Berth"),
  INFERENCE_COMPONENTS("inference components (variants without ModelName)", "a later Berth");

  private final String words;
  private final String where;

  Capability(String words, String where) {
    this.words = words;
    this.where = where;
  }

  /** What it is, in words that complete "does not run …". */
  public String words() {
    return words;
  }

  /** Where it is to be had, in words that complete "it is available with …". */
  public String where() {
    return where;
  }
}
