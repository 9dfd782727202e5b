package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * A stream's next bytes in an array that moves on with the reader. The current record starts at
 * {@link #start}; lengths are counted from there.
 */
final class Window {
  private static final int FIRST_BYTES = 1 << 17;

  private final InputStream in;
  private final long maxBytes;
  private byte[] bytes = new byte[FIRST_BYTES];
  private int start;
  private int filled;
  private boolean isAtEnd;

  /**
   * @param maxBytes longest record
   */
  Window(InputStream in, long maxBytes) {
    this.in = in;
    this.maxBytes = Math.min(maxBytes, RecordReader.MOST_RECORD_BYTES);
  }

  byte[] bytes() {
    return bytes;
  }

  int start() {
    return start;
  }

  /** Bytes that are there from {@link #start} on. */
  int available() {
    return filled - start;
  }

  byte at(int index) {
    return bytes[start + index];
  }

  /** Goes to the record that starts {@code length} bytes on. */
  void advance(int length) {
    start += length;
  }

  /**
   * Returns whether {@code length} bytes are there, reading on until they are or the stream ends.
   */
  boolean require(long length) throws IOException, TransformFailure {
    while (available() < length) {
      if (!fill()) {
        return false;
      }
    }
    return true;
  }

  /** Reads on; returns false at the end of the stream. */
  boolean fill() throws IOException, TransformFailure {
    if (isAtEnd) {
      return false;
    }
    if (filled == bytes.length) {
      makeRoom();
    }
    int count = in.read(bytes, filled, bytes.length - filled);
    if (count < 0) {
      isAtEnd = true;
      return false;
    }
    filled += count;
    return true;
  }

  boolean isFull() {
    return available() > maxBytes;
  }

  private void makeRoom() throws TransformFailure {
    if (start > 0) {
      System.arraycopy(bytes, start, bytes, 0, filled - start);
      filled -= start;
      start = 0;
      return;
    }
    if (filled > maxBytes) {
      throw tooLong(maxBytes);
    }
    bytes = Arrays.copyOf(bytes, (int) Math.min(2L * bytes.length, maxBytes + FIRST_BYTES));
  }

  static TransformFailure tooLong(long maxBytes) {
    return TransformFailure.client(
        "Too much data for max payload size: a record is longer than %d bytes; raise MaxPayloadInMB, or make the records smaller"
            .formatted(maxBytes));
  }
}
