package dev.berth.runtime.embedded.serving;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes {@code application/x-recordio-protobuf}: records of SageMaker's {@code
 * aialgs.data.Record} (Developer Guide, "Common data formats for training"), each behind a magic
 * number and its length, padded to four bytes.
 *
 * <pre>
 * Record { map&lt;string, Value&gt; features = 1; map&lt;string, Value&gt; label = 2; … }
 * Value  { Float32Tensor = 2 | Float64Tensor = 3 | Int32Tensor = 7 | Bytes = 9 }
 * Tensor { repeated values = 1; repeated uint64 keys = 2; repeated uint64 shape = 3 }
 * </pre>
 */
final class RecordIo {
  private static final int MAGIC = 0xced7230a;
  private static final int MOST_CELLS = Integer.MAX_VALUE / 8;
  private static final String FAILURE =
      "Loading recordio-protobuf data failed with Exception, please ensure data is in"
          + " recordio-protobuf format: ";
  private static final int FEATURES_FIELD = 1;
  private static final int LABEL_FIELD = 2;
  private static final int MAP_KEY_FIELD = 1;
  private static final int MAP_VALUE_FIELD = 2;
  private static final int FLOAT32_FIELD = 2;
  private static final int FLOAT64_FIELD = 3;
  private static final int INT32_FIELD = 7;
  private static final int VALUES_FIELD = 1;
  private static final int KEYS_FIELD = 2;
  private static final int SHAPE_FIELD = 3;

  private RecordIo() {}

  /** One record's features: dense when it has no keys. */
  private static final class Tensor {
    private float[] values = {};
    private int valueCount;
    private long[] keys = {};
    private int keyCount;
    private long firstDimension = -1;

    void addValue(double value) {
      if (valueCount == values.length) {
        values = Arrays.copyOf(values, Math.max(8, valueCount * 2));
      }
      values[valueCount++] = (float) value;
    }

    void addKey(long key) {
      if (keyCount == keys.length) {
        keys = Arrays.copyOf(keys, Math.max(8, keyCount * 2));
      }
      keys[keyCount++] = key;
    }

    long columns() {
      if (keyCount == 0 && (valueCount > 0 || firstDimension < 0)) {
        return valueCount;
      }
      if (firstDimension >= 0) {
        return firstDimension;
      }
      return Arrays.stream(keys, 0, keyCount).max().orElse(0) + 1;
    }
  }

  /**
   * Returns the rows of {@code body}, whose position does not move.
   *
   * @param features columns of the model, 0 when not known; wider records are refused before they
   *     are unpacked
   * @throws PayloadException with status 415 that says which record, from 1, and why; 400 for
   *     records wider than the model
   */
  static Rows read(ByteBuffer body, int features) {
    List<Tensor> records = records(Payload.of(body));
    if (records.isEmpty()) {
      throw new PayloadException(415, FAILURE + "No records found in RecordIO-Protobuf data");
    }
    long columns = records.getFirst().columns();
    if (features > 0 && columns > features) {
      throw new PayloadException(
          400,
          "Unable to evaluate payload provided: Feature size of recordio-protobuf inference data %d is not consistent with feature size of trained model %d."
              .formatted(columns, features));
    }
    if (columns < 1 || columns > MOST_CELLS / records.size()) {
      throw failure(1, "has %d features in each of %d records".formatted(columns, records.size()));
    }
    float[] matrix = new float[records.size() * (int) columns];
    for (int row = 0; row < records.size(); row++) {
      if (records.get(row).columns() != columns) {
        throw failure(
            row + 1,
            "has %d features where record 1 has %d".formatted(records.get(row).columns(), columns));
      }
      fill(matrix, row, (int) columns, records.get(row));
    }
    return new Rows(matrix, records.size(), (int) columns);
  }

  private static void fill(float[] matrix, int row, int columns, Tensor record) {
    int start = row * columns;
    for (int i = 0; i < record.valueCount; i++) {
      if (Float.isInfinite(record.values[i])) {
        throw failure(row + 1, "has a feature that is no finite 32-bit float");
      }
    }
    if (record.keyCount == 0 && record.valueCount > 0) {
      System.arraycopy(record.values, 0, matrix, start, columns);
      return;
    }
    if (record.keyCount != record.valueCount) {
      throw failure(
          row + 1, "has %d keys for %d values".formatted(record.keyCount, record.valueCount));
    }
    Arrays.fill(matrix, start, start + columns, Float.NaN);
    for (int i = 0; i < record.keyCount; i++) {
      long key = record.keys[i];
      if (key < 0 || key >= columns) {
        throw failure(row + 1, "has key %d outside of its %d features".formatted(key, columns));
      }
      matrix[start + (int) key] = record.values[i];
    }
  }

  private static List<Tensor> records(Payload payload) {
    var records = new ArrayList<Tensor>();
    ByteBuffer frames =
        ByteBuffer.wrap(payload.bytes(), payload.from(), payload.to() - payload.from())
            .order(ByteOrder.LITTLE_ENDIAN);
    while (frames.remaining() >= 8) {
      int number = records.size() + 1;
      if (frames.getInt() != MAGIC) {
        throw failure(number, "does not begin with RecordIO's magic number 0xced7230a");
      }
      long length = Integer.toUnsignedLong(frames.getInt());
      long padded = (length + 3) / 4 * 4;
      if (padded > frames.remaining()) {
        throw failure(
            number, "is cut off: %d of %d bytes are there".formatted(frames.remaining(), padded));
      }
      Tensor record = record(payload.bytes(), frames.position(), (int) length, number);
      if (record != null) {
        records.add(record);
      }
      frames.position(frames.position() + (int) padded);
    }
    return records;
  }

  private static @Nullable Tensor record(byte[] bytes, int offset, int length, int number) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(bytes, offset, length);
      Tensor features = null;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == FEATURES_FIELD) {
          Tensor found = entry(in);
          features = found == null ? features : found;
        } else {
          in.skipField(tag);
        }
      }
      return features;
    } catch (IOException invalid) {
      throw failure(number, "is not a protobuf record: " + invalid.getMessage());
    }
  }

  /** Returns the tensor of a map entry with the key {@code values}, null for other entries. */
  private static @Nullable Tensor entry(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    String key = "";
    Tensor tensor = null;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case MAP_KEY_FIELD -> key = in.readString();
        case MAP_VALUE_FIELD -> tensor = value(in);
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    return key.equals("values") ? tensor : null;
  }

  private static @Nullable Tensor value(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    Tensor tensor = null;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      if (field == FLOAT32_FIELD || field == FLOAT64_FIELD || field == INT32_FIELD) {
        tensor = tensor(in, field);
      } else {
        in.skipField(tag);
      }
    }
    in.popLimit(outer);
    return tensor;
  }

  private static Tensor tensor(CodedInputStream in, int kind) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    var tensor = new Tensor();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      if (field > SHAPE_FIELD) {
        in.skipField(tag);
        continue;
      }
      if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        int packed = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() > 0) {
          readElement(in, field, kind, tensor);
        }
        in.popLimit(packed);
      } else {
        readElement(in, field, kind, tensor);
      }
    }
    in.popLimit(outer);
    return tensor;
  }

  private static void readElement(CodedInputStream in, int field, int kind, Tensor tensor)
      throws IOException {
    switch (field) {
      case VALUES_FIELD -> tensor.addValue(number(in, kind));
      case KEYS_FIELD -> tensor.addKey(in.readUInt64());
      default -> {
        long dimension = in.readUInt64();
        tensor.firstDimension = tensor.firstDimension < 0 ? dimension : tensor.firstDimension;
      }
    }
  }

  private static double number(CodedInputStream in, int kind) throws IOException {
    return switch (kind) {
      case FLOAT32_FIELD -> in.readFloat();
      case FLOAT64_FIELD -> in.readDouble();
      default -> in.readInt32();
    };
  }

  /** Returns one record a row, whose labels are the row's keys with float32 tensors. */
  static ByteBuffer write(List<Map<String, Object>> rows) {
    var out = new ByteArrayOutputStream();
    for (Map<String, Object> row : rows) {
      byte[] record = record(row);
      ByteBuffer frame =
          ByteBuffer.allocate(8 + (record.length + 3) / 4 * 4).order(ByteOrder.LITTLE_ENDIAN);
      frame.putInt(MAGIC).putInt(record.length).put(record);
      out.writeBytes(frame.array());
    }
    return ByteBuffer.wrap(out.toByteArray());
  }

  private static byte[] record(Map<String, Object> row) {
    return message(out -> {
      for (Map.Entry<String, Object> entry : row.entrySet()) {
        out.writeByteArray(LABEL_FIELD, message(label -> writeEntry(label, entry)));
      }
    });
  }

  private static void writeEntry(CodedOutputStream out, Map.Entry<String, Object> entry)
      throws IOException {
    out.writeString(MAP_KEY_FIELD, entry.getKey());
    byte[] values =
        floats(entry.getValue() instanceof List<?> list ? list : List.of(entry.getValue()));
    byte[] tensor = message(it -> it.writeByteArray(VALUES_FIELD, values));
    out.writeByteArray(MAP_VALUE_FIELD, message(it -> it.writeByteArray(FLOAT32_FIELD, tensor)));
  }

  private static byte[] floats(List<?> values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.size() * 4).order(ByteOrder.LITTLE_ENDIAN);
    values.forEach(value -> bytes.putFloat(((Number) value).floatValue()));
    return bytes.array();
  }

  /** Writes a message's fields. */
  @FunctionalInterface
  private interface Fields {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private static byte[] message(Fields fields) {
    var bytes = new ByteArrayOutputStream();
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      fields.writeTo(out);
      out.flush();
    } catch (IOException impossible) {
      throw new IllegalStateException("writing to memory failed", impossible);
    }
    return bytes.toByteArray();
  }

  private static PayloadException failure(int record, String why) {
    return new PayloadException(415, FAILURE + "record %d %s".formatted(record, why));
  }
}
