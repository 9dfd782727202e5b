package dev.berth.gateway;

import io.netty.util.AsciiString;

/** The runtime API's own headers, as they are sent. */
final class SageMakerHeaders {
  static final AsciiString CUSTOM_ATTRIBUTES =
      AsciiString.cached("X-Amzn-SageMaker-Custom-Attributes");
  static final AsciiString TARGET_MODEL = AsciiString.cached("X-Amzn-SageMaker-Target-Model");
  static final AsciiString TARGET_VARIANT = AsciiString.cached("X-Amzn-SageMaker-Target-Variant");
  static final AsciiString TARGET_CONTAINER_HOSTNAME =
      AsciiString.cached("X-Amzn-SageMaker-Target-Container-Hostname");
  static final AsciiString INFERENCE_ID = AsciiString.cached("X-Amzn-SageMaker-Inference-Id");
  static final AsciiString ENABLE_EXPLANATIONS =
      AsciiString.cached("X-Amzn-SageMaker-Enable-Explanations");
  static final AsciiString INFERENCE_COMPONENT =
      AsciiString.cached("X-Amzn-SageMaker-Inference-Component");
  static final AsciiString SESSION_ID = AsciiString.cached("X-Amzn-SageMaker-Session-Id");
  static final AsciiString PREFIX_AWARE_ID = AsciiString.cached("X-Amzn-SageMaker-Prefix-Aware-Id");
  static final AsciiString INVOKED_VARIANT =
      AsciiString.cached("x-Amzn-Invoked-Production-Variant");

  /** {@code Content-Type} of the model's own, where the answer's is another. */
  static final AsciiString CONTENT_TYPE = AsciiString.cached("X-Amzn-SageMaker-Content-Type");

  /** {@code Accept} for the model, where the answer's type is another. */
  static final AsciiString ACCEPT = AsciiString.cached("X-Amzn-SageMaker-Accept");

  static final AsciiString ERROR_TYPE = AsciiString.cached("x-amzn-ErrorType");
  static final AsciiString JSON = AsciiString.cached("application/json");

  private SageMakerHeaders() {}
}
