package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.TensorInfo;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A tensor that a model takes.
 *
 * @param shape sizes of the dimensions, −1 for any
 */
record InputSpec(String name, Datatype datatype, List<Long> shape) {

  static InputSpec of(NodeInfo node) {
    if (!(node.getInfo() instanceof TensorInfo tensor)) {
      throw new ModelLoadException(
          "input '%s' of the ONNX model is no tensor but %s; the Open Inference Protocol carries tensors only"
              .formatted(node.getName(), node.getInfo()));
    }
    Datatype datatype =
        Datatype.of(tensor.type)
            .orElseThrow(() ->
                new ModelLoadException(
                    "input '%s' of the ONNX model has element type %s, which ONNX Runtime for Java can't be given"
                        .formatted(node.getName(), tensor.onnxType)));
    return new InputSpec(
        node.getName(), datatype, Arrays.stream(tensor.getShape()).boxed().toList());
  }

  /** Returns whether a tensor of this shape fits. */
  boolean fits(long[] given) {
    if (given.length != shape.size()) {
      return false;
    }
    for (int i = 0; i < given.length; i++) {
      if (shape.get(i) >= 0 && shape.get(i) != given[i]) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether rows of CSV can fill it. */
  boolean isFloatMatrix() {
    return shape.size() == 2 && (datatype == Datatype.FP32 || datatype == Datatype.FP64);
  }

  /** Returns type and shape for messages: {@code FP32 [-1, 4]}. */
  String type() {
    return datatype + " " + shape;
  }

  static String list(List<InputSpec> inputs) {
    return inputs.stream()
        .map(input -> "'" + input.name() + "' " + input.type())
        .collect(Collectors.joining(", "));
  }
}
