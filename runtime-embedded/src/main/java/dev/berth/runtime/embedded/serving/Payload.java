package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A request body as an array, without a copy where the buffer has one.
 *
 * @param from index of the first byte
 * @param to index after the last byte
 */
@SuppressWarnings("ArrayRecordComponent") // a view for one call, never compared
record Payload(byte[] bytes, int from, int to) {
  private static final int QUOTED_CHARS = 40;

  static Payload of(ByteBuffer body) {
    if (body.hasArray()) {
      int from = body.arrayOffset() + body.position();
      return new Payload(body.array(), from, from + body.remaining());
    }
    byte[] copy = new byte[body.remaining()];
    body.get(body.position(), copy);
    return new Payload(copy, 0, copy.length);
  }

  /** Returns this without the line ends and spaces around it. */
  Payload strip() {
    int first = from;
    int end = to;
    while (first < end && isLineEndOrSpace(bytes[first])) {
      first++;
    }
    while (end > first && isLineEndOrSpace(bytes[end - 1])) {
      end--;
    }
    return new Payload(bytes, first, end);
  }

  /** Returns the text from {@code start} to {@code end} for a message: in quotes, and short. */
  String quote(int start, int end) {
    int shown = Math.min(end, start + QUOTED_CHARS);
    String text = new String(bytes, start, shown - start, StandardCharsets.UTF_8);
    return "'" + text.replaceAll("\\p{Cntrl}", "?") + (shown < end ? "…'" : "'");
  }

  /** Returns the index of the first {@code sought} from {@code start} on, or {@link #to}. */
  int find(byte sought, int start) {
    int at = start;
    while (at < to && bytes[at] != sought) {
      at++;
    }
    return at;
  }

  int count(byte sought, int start, int end) {
    int count = 0;
    for (int at = start; at < end; at++) {
      if (bytes[at] == sought) {
        count++;
      }
    }
    return count;
  }

  private static boolean isLineEndOrSpace(byte value) {
    return value == '\n' || value == '\r' || value == ' ';
  }
}
