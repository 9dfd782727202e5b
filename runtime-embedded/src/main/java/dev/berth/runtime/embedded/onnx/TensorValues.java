package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtUtil;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.berth.runtime.embedded.serving.PayloadException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The elements of a computed tensor, copied out of ONNX Runtime. */
final class TensorValues {
  private final Datatype datatype;
  private final long[] shape;
  private final int count;
  private final ByteBuffer buffer;
  private final String[] texts;

  private TensorValues(Datatype datatype, long[] shape, ByteBuffer buffer, String[] texts) {
    this.datatype = datatype;
    this.shape = shape;
    this.buffer = buffer;
    this.texts = texts;
    this.count = (int) OrtUtil.elementCount(shape);
  }

  /**
   * Copies the elements of {@code tensor}.
   *
   * @throws PayloadException with status 500 if the output has a type that can't be answered
   */
  static TensorValues of(String name, OnnxTensor tensor) throws OrtException {
    Datatype datatype =
        Datatype.of(tensor.getInfo().type)
            .orElseThrow(() ->
                new PayloadException(
                    500,
                    "output '%s' has element type %s, which can't be answered"
                        .formatted(name, tensor.getInfo().onnxType)));
    long[] shape = tensor.getInfo().getShape();
    return datatype == Datatype.BYTES
        ? new TensorValues(datatype, shape, ByteBuffer.allocate(0), texts(tensor))
        : new TensorValues(datatype, shape, bytes(tensor), new String[0]);
  }

  /** An empty tensor has no buffer to hand out. */
  private static ByteBuffer bytes(OnnxTensor tensor) {
    return OrtUtil.elementCount(tensor.getInfo().getShape()) == 0
        ? ByteBuffer.allocate(0)
        : tensor.getByteBuffer();
  }

  private static String[] texts(OnnxTensor tensor) throws OrtException {
    return tensor.getInfo().isScalar()
        ? new String[] {(String) tensor.getValue()}
        : OrtUtil.flattenString(tensor.getValue());
  }

  int count() {
    return count;
  }

  /**
   * Returns element {@code i} as a number; true is 1.
   *
   * @throws PayloadException with status 500 if it is a text
   */
  double number(int i) {
    return switch (datatype) {
      case BOOL, INT8 -> buffer.get(i);
      case UINT8 -> Byte.toUnsignedInt(buffer.get(i));
      case INT16 -> buffer.getShort(i * 2);
      case INT32 -> buffer.getInt(i * 4);
      case INT64 -> buffer.getLong(i * 8);
      case FP16 -> Float.float16ToFloat(buffer.getShort(i * 2));
      case BF16 -> Float.intBitsToFloat(buffer.getShort(i * 2) << 16);
      case FP32 -> buffer.getFloat(i * 4);
      case FP64 -> buffer.getDouble(i * 8);
      case BYTES ->
          throw new PayloadException(
              500,
              "the model's output is text; send application/json (Open Inference Protocol v2)");
    };
  }

  /** Writes the fields {@code datatype}, {@code shape} and {@code data}, which is flat. */
  void writeTo(JsonGenerator json) throws IOException {
    json.writeStringField("datatype", datatype.name());
    json.writeFieldName("shape");
    json.writeArray(shape, 0, shape.length);
    json.writeArrayFieldStart("data");
    for (int i = 0; i < count; i++) {
      writeElement(json, i);
    }
    json.writeEndArray();
  }

  private void writeElement(JsonGenerator json, int i) throws IOException {
    switch (datatype) {
      case BOOL -> json.writeBoolean(buffer.get(i) != 0);
      case UINT8, INT8, INT16, INT32 -> json.writeNumber((int) number(i));
      case INT64 -> json.writeNumber(buffer.getLong(i * 8));
      case FP16, BF16, FP32 -> json.writeNumber((float) number(i));
      case FP64 -> json.writeNumber(number(i));
      case BYTES -> json.writeString(texts[i]);
    }
  }
}
