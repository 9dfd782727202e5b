package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * {@code SplitType=RecordIO}, MXNet's: a magic number, a word of 3 bits of flag and 29 of length,
 * the data, and zeros up to a multiple of 4. A record whose data holds the magic number is written
 * in parts (flags 1, 2 … 3) that the magic number separates (dmlc-core, recordio.h).
 */
final class RecordIoReader implements RecordReader {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int MAGIC = 0xced7230a;
  private static final int HEADER_BYTES = 8;
  private static final int LENGTH_BITS = 29;
  private static final int WHOLE = 0;
  private static final int FIRST = 1;
  private static final int LAST = 3;

  private final Window window;
  private int length;
  private Slice content = new Slice(new byte[0], 0, 0);

  RecordIoReader(InputStream in, long maxBytes) {
    this.window = new Window(in, maxBytes + HEADER_BYTES + 3);
  }

  @Override
  public boolean next() throws IOException, TransformFailure {
    window.advance(length);
    length = 0;
    if (!window.require(1)) {
      return false;
    }
    int flag = part(0);
    if (flag == WHOLE) {
      content = new Slice(window.bytes(), window.start() + HEADER_BYTES, endOfData(0));
      length = padded(0);
      return true;
    }
    if (flag != FIRST) {
      throw broken("a record begins with part flag " + flag);
    }
    joinParts();
    return true;
  }

  private void joinParts() throws IOException, TransformFailure {
    var joined = new ByteArrayOutputStream();
    byte[] magic = new byte[Integer.BYTES];
    INT.set(magic, 0, MAGIC);
    int at = 0;
    while (true) {
      int flag = part(at);
      if (at > 0) {
        joined.write(magic, 0, magic.length);
      }
      int data = window.start() + at + HEADER_BYTES;
      joined.write(window.bytes(), data, endOfData(at) - data);
      at = padded(at);
      if (flag == LAST) {
        break;
      }
    }
    length = at;
    content = new Slice(joined.toByteArray(), 0, joined.size());
  }

  /** Returns the flag of the part at {@code at}, all of which is there afterwards. */
  private int part(int at) throws IOException, TransformFailure {
    if (!window.require(at + HEADER_BYTES)) {
      throw broken("it ends inside a record's header");
    }
    int magic = word(at);
    if (magic != MAGIC) {
      throw broken("a record begins with 0x%08x instead of 0x%08x".formatted(magic, MAGIC));
    }
    if (!window.require(padded(at))) {
      throw broken("it ends inside a record of %d bytes".formatted(dataBytes(at)));
    }
    return word(at + Integer.BYTES) >>> LENGTH_BITS;
  }

  private int dataBytes(int at) {
    return word(at + Integer.BYTES) & ((1 << LENGTH_BITS) - 1);
  }

  private int endOfData(int at) {
    return window.start() + at + HEADER_BYTES + dataBytes(at);
  }

  /** Returns where the part at {@code at} ends, padding included. */
  private int padded(int at) {
    return at + HEADER_BYTES + ((dataBytes(at) + 3) & ~3);
  }

  private int word(int at) {
    return (int) INT.get(window.bytes(), window.start() + at);
  }

  @Override
  public Slice content() {
    return content;
  }

  @Override
  public Slice raw() {
    return new Slice(window.bytes(), window.start(), window.start() + length);
  }

  private static TransformFailure broken(String why) {
    return TransformFailure.client("The object is not RecordIO: " + why);
  }
}
