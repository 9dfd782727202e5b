package dev.berth.transform.record;

import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;

/**
 * {@code SplitType=Line}: records end with {@code \n} or {@code \r\n}, the last one may lack it. A
 * blank line is a record.
 *
 * <p>In CSV a line that ends inside a quoted field (RFC 4180, section 2, rule 6) goes on with the
 * next line, so that a row is never cut in two. Where the quotes don't work out, because the field
 * is never closed, is longer than a record may be, or is followed by something else than a comma or
 * a line end, the line is a record by itself, as every line is on AWS.
 */
final class LineReader implements RecordReader {
  private static final int LONGEST_LINE_END = 2;

  private final Window window;
  private final boolean isCsv;
  private int length;

  LineReader(InputStream in, boolean isCsv, long maxBytes) {
    this.window = new Window(in, maxBytes);
    this.isCsv = isCsv;
  }

  @Override
  public boolean next() throws IOException, TransformFailure {
    window.advance(length);
    length = 0;
    length = lineEnd(0);
    if (length > 0 && isCsv && hasQuote(length)) {
      length = rowEnd(length);
    }
    return length > 0;
  }

  @Override
  public long extend(long mostBytes) {
    byte[] bytes = window.bytes();
    int from = window.start() + length;
    long most = Math.min(window.available(), mostBytes) + LONGEST_LINE_END;
    int to = window.start() + (int) Math.min(window.available(), most);
    if (from >= to || bytes[from - 1] != '\n') {
      return 0;
    }
    int before = length;
    int end = furtherEnd(bytes, from, to, mostBytes);
    int count =
        ByteSearch.countWithout(bytes, from, end, (byte) '\n', isCsv ? (byte) '"' : (byte) '\n');
    if (count < 0) {
      int quote = ByteSearch.indexOf(bytes, from, end, (byte) '"');
      end = furtherEnd(bytes, from, quote, mostBytes);
      count = ByteSearch.count(bytes, from, end, (byte) '\n');
    }
    length = count == 0 ? before : end - window.start();
    return count;
  }

  /**
   * Makes the record end with the last line that fits and ends before {@code to}, if there is one;
   * returns where.
   */
  private int furtherEnd(byte[] bytes, int from, int to, long mostBytes) {
    int end = to;
    do {
      end = ByteSearch.lastIndexOf(bytes, from, end, (byte) '\n');
      length = end + 1 - window.start();
    } while (end >= 0 && content().length() > mostBytes);
    return Math.max(from, end + 1);
  }

  @Override
  public Slice content() {
    int end = length;
    if (end > 0 && window.at(end - 1) == '\n') {
      end--;
      if (end > 0 && window.at(end - 1) == '\r') {
        end--;
      }
    }
    return new Slice(window.bytes(), window.start(), window.start() + end);
  }

  @Override
  public Slice raw() {
    return new Slice(window.bytes(), window.start(), window.start() + length);
  }

  /** Returns where the line that goes on at {@code from} ends, its line end included. */
  private int lineEnd(int from) throws IOException, TransformFailure {
    int at = from;
    while (true) {
      byte[] bytes = window.bytes();
      int start = window.start();
      int available = window.available();
      int found = ByteSearch.indexOf(bytes, start + at, start + available, (byte) '\n');
      if (found >= 0) {
        return found - start + 1;
      }
      at = available;
      if (!window.fill()) {
        return at;
      }
    }
  }

  private boolean hasQuote(int end) {
    int start = window.start();
    return ByteSearch.indexOf(window.bytes(), start, start + end, (byte) '"') >= 0;
  }

  /** Where a reader of CSV is. */
  private enum At {
    FIELD_START,
    UNQUOTED,
    QUOTED,
    QUOTE_IN_QUOTED,
    CARRIAGE_RETURN
  }

  private int rowEnd(int line) throws IOException, TransformFailure {
    At at = At.FIELD_START;
    int done = 0;
    int end = line;
    while (true) {
      for (; done < end; done++) {
        at = step(at, window.at(done));
        if (at == null) {
          return line;
        }
      }
      if (at != At.QUOTED || window.isFull()) {
        return at == At.QUOTED ? line : end;
      }
      int further = furtherLine(end);
      if (further == end) {
        return line; // the end of the object, inside a quoted field
      }
      end = further;
    }
  }

  private int furtherLine(int end) throws IOException {
    try {
      return lineEnd(end);
    } catch (TransformFailure _) {
      return end; // too long for a record: the quotes don't work out
    }
  }

  /** Returns where the reader is after {@code next}, null when the quotes don't work out. */
  private static @org.jspecify.annotations.Nullable At step(At at, byte next) {
    return switch (at) {
      case FIELD_START ->
          next == '"' ? At.QUOTED : next == ',' || next == '\n' ? At.FIELD_START : At.UNQUOTED;
      case UNQUOTED -> next == ',' || next == '\n' ? At.FIELD_START : At.UNQUOTED;
      case QUOTED -> next == '"' ? At.QUOTE_IN_QUOTED : At.QUOTED;
      case QUOTE_IN_QUOTED ->
          switch (next) {
            case '"' -> At.QUOTED;
            case ',', '\n' -> At.FIELD_START;
            case '\r' -> At.CARRIAGE_RETURN;
            default -> null;
          };
      case CARRIAGE_RETURN -> next == '\n' ? At.FIELD_START : null;
    };
  }
}
