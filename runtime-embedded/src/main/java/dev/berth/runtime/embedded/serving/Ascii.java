package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** A growing answer body of ASCII text. One thread at a time. */
final class Ascii {
  private byte[] bytes;
  private int length;

  /** Makes an empty one with room for {@code expected} bytes. */
  Ascii(int expected) {
    bytes = new byte[Math.max(expected, 16)];
  }

  Ascii append(char character) {
    reserve(1);
    bytes[length++] = (byte) character;
    return this;
  }

  @SuppressWarnings("deprecation") // String.getBytes(int, int, byte[], int) is the copy we want
  Ascii append(String text) {
    reserve(text.length());
    text.getBytes(0, text.length(), bytes, length);
    length += text.length();
    return this;
  }

  /** Returns the bytes; this must not be used any more. */
  ByteBuffer toBuffer() {
    return ByteBuffer.wrap(bytes, 0, length);
  }

  private void reserve(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }
}
