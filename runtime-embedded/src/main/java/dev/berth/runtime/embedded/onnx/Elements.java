package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The elements of one tensor on their way from JSON or CSV into ONNX Runtime, which reads them
 * where they are: memory of {@code arena}, freed when the invocation ends.
 */
final class Elements {
  private final Datatype datatype;
  private final long[] shape;
  private final int count;
  private final ByteBuffer buffer;
  private final String[] texts;
  private int filled;

  /**
   * Makes one without elements.
   *
   * @param count product of {@code shape}
   */
  Elements(Datatype datatype, long[] shape, int count, Arena arena) {
    this.datatype = datatype;
    this.shape = shape;
    this.count = count;
    // an empty tensor too needs an address
    MemorySegment memory = arena.allocate(Math.max((long) count * datatype.bytes(), 8), 8);
    this.buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    buffer.limit(count * datatype.bytes());
    this.texts = new String[datatype == Datatype.BYTES ? count : 0];
  }

  Datatype datatype() {
    return datatype;
  }

  /** How many elements the shape asks for. */
  int count() {
    return count;
  }

  /** Size of the first dimension. */
  int rows() {
    return (int) shape[0];
  }

  /** How many elements there are. */
  int filled() {
    return filled;
  }

  void add(String text) {
    texts[filled++] = text;
  }

  /** Adds a whole number or, as 0 and 1, a boolean; it must be in the datatype's range. */
  void add(long value) {
    filled++;
    switch (datatype) {
      case BOOL, UINT8, INT8 -> buffer.put((byte) value);
      case INT16 -> buffer.putShort((short) value);
      case INT32 -> buffer.putInt((int) value);
      case INT64 -> buffer.putLong(value);
      default -> throw new IllegalStateException("a whole number for " + datatype);
    }
  }

  /** Adds a number, rounded to the datatype. */
  void add(double value) {
    filled++;
    switch (datatype) {
      case FP16 -> buffer.putShort(Float.floatToFloat16((float) value));
      case BF16 -> buffer.putShort(toBfloat16((float) value));
      case FP32 -> buffer.putFloat((float) value);
      case FP64 -> buffer.putDouble(value);
      default -> throw new IllegalStateException("a floating-point number for " + datatype);
    }
  }

  /** To the nearest, ties to even; a NaN keeps a bit of its fraction. */
  private static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Returns the tensor, to be closed before the arena. All elements must be there. */
  OnnxTensor toTensor(OrtEnvironment environment) throws OrtException {
    buffer.flip();
    return switch (datatype) {
      case BOOL, UINT8, INT8 ->
          OnnxTensor.createTensor(environment, buffer, shape, datatype.onnx());
      case INT16 -> OnnxTensor.createTensor(environment, buffer.asShortBuffer(), shape);
      case FP16, BF16 ->
          OnnxTensor.createTensor(environment, buffer.asShortBuffer(), shape, datatype.onnx());
      case INT32 -> OnnxTensor.createTensor(environment, buffer.asIntBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(environment, buffer.asLongBuffer(), shape);
      case FP32 -> OnnxTensor.createTensor(environment, buffer.asFloatBuffer(), shape);
      case FP64 -> OnnxTensor.createTensor(environment, buffer.asDoubleBuffer(), shape);
      case BYTES -> OnnxTensor.createTensor(environment, texts, shape);
    };
  }
}
