package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.OnnxJavaType;
import java.util.Arrays;
import java.util.Optional;

/** Element types of tensors, named as in the Open Inference Protocol v2 ("Tensor Data Types"). */
enum Datatype {
  BOOL(OnnxJavaType.BOOL, 1),
  UINT8(OnnxJavaType.UINT8, 1),
  INT8(OnnxJavaType.INT8, 1),
  INT16(OnnxJavaType.INT16, 2),
  INT32(OnnxJavaType.INT32, 4),
  INT64(OnnxJavaType.INT64, 8),
  FP16(OnnxJavaType.FLOAT16, 2),
  BF16(OnnxJavaType.BFLOAT16, 2),
  FP32(OnnxJavaType.FLOAT, 4),
  FP64(OnnxJavaType.DOUBLE, 8),
  /** Text, UTF-8 on the wire. */
  BYTES(OnnxJavaType.STRING, 0);

  private final OnnxJavaType onnx;
  private final int bytes;

  Datatype(OnnxJavaType onnx, int bytes) {
    this.onnx = onnx;
    this.bytes = bytes;
  }

  /** What ONNX Runtime calls it. */
  OnnxJavaType onnx() {
    return onnx;
  }

  /** Size of an element, 0 when they differ. */
  int bytes() {
    return bytes;
  }

  boolean isFloatingPoint() {
    return this == FP16 || this == BF16 || this == FP32 || this == FP64;
  }

  static Optional<Datatype> of(OnnxJavaType onnx) {
    return Arrays.stream(values()).filter(type -> type.onnx == onnx).findFirst();
  }

  static Optional<Datatype> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
