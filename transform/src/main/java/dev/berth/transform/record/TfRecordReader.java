package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * {@code SplitType=TFRecord}: u64 length, masked CRC-32C of it, the data, masked CRC-32C of it, all
 * little-endian (TensorFlow, "TFRecord and tf.train.Example").
 */
final class TfRecordReader implements RecordReader {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int HEADER_BYTES = 12;
  private static final int TRAILER_BYTES = 4;
  private static final int MASK_DELTA = 0xa282ead8;

  private final Window window;
  private final long maxBytes;
  private int length;

  TfRecordReader(InputStream in, long maxBytes) {
    this.maxBytes = Math.min(maxBytes, MOST_RECORD_BYTES);
    this.window = new Window(in, this.maxBytes + HEADER_BYTES + TRAILER_BYTES);
  }

  @Override
  public boolean next() throws IOException, TransformFailure {
    window.advance(length);
    length = 0;
    if (!window.require(1)) {
      return false;
    }
    if (!window.require(HEADER_BYTES)) {
      throw broken("it ends inside a record's header");
    }
    long data = (long) LONG.get(window.bytes(), window.start());
    if (checksum(0, Long.BYTES) != word(Long.BYTES)) {
      throw broken("the checksum of a record's length is wrong");
    }
    if (data < 0 || data > maxBytes) {
      throw Window.tooLong(maxBytes);
    }
    int whole = HEADER_BYTES + (int) data + TRAILER_BYTES;
    if (!window.require(whole)) {
      throw broken("it ends inside a record of %d bytes".formatted(data));
    }
    if (checksum(HEADER_BYTES, (int) data) != word(whole - TRAILER_BYTES)) {
      throw broken("the checksum of a record is wrong");
    }
    length = whole;
    return true;
  }

  private int checksum(int at, int count) {
    var crc = new CRC32C();
    crc.update(window.bytes(), window.start() + at, count);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
  }

  private int word(int at) {
    return (int) INT.get(window.bytes(), window.start() + at);
  }

  @Override
  public Slice content() {
    return new Slice(
        window.bytes(), window.start() + HEADER_BYTES, window.start() + length - TRAILER_BYTES);
  }

  @Override
  public Slice raw() {
    return new Slice(window.bytes(), window.start(), window.start() + length);
  }

  private static TransformFailure broken(String why) {
    return TransformFailure.client("The object is not TFRecord: " + why);
  }
}
