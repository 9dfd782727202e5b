package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads {@code text/libsvm}: lines of {@code index:value}, with or without a label in front; what a
 * line does not name is a missing value. One use by one thread.
 */
final class LibsvmReader {
  private static final String FAILURE =
      "Loading libsvm data failed with Exception, please ensure data is in libsvm format:\n ";

  private final Payload payload;
  private final int features;
  private int[] lines = new int[16];
  private int[] indices = new int[16];
  private float[] values = new float[16];
  private int entries;
  private int line;

  private LibsvmReader(Payload payload, int features) {
    this.payload = payload;
    this.features = features;
  }

  /**
   * Returns the rows of {@code body}, whose position does not move.
   *
   * @param features columns of the model, 0 when not known
   * @param shiftsOneBased whether indices that start at 1 or higher are counted from 1, as the
   *     container does from 3.2-0 on; before, an index is the column as it stands
   * @throws PayloadException with status 415 for what is not libsvm, 400 for an index that the
   *     model does not have
   */
  static Rows read(ByteBuffer body, int features, boolean shiftsOneBased) {
    var reader = new LibsvmReader(Payload.of(body).strip(), features);
    reader.readEntries();
    return reader.rows(shiftsOneBased);
  }

  private void readEntries() {
    int at = payload.from();
    while (at < payload.to()) {
      int lineEnd = payload.find((byte) '\n', at);
      readLine(at, lineEnd);
      line++;
      at = lineEnd + 1;
    }
    if (entries == 0) {
      throw new PayloadException(
          415,
          FAILURE
              + "no index:value pair in "
              + payload.quote(payload.from(), payload.to())
              + "; a body of another kind needs its Content-Type, such as text/csv");
    }
  }

  private void readLine(int lineStart, int lineEnd) {
    byte[] bytes = payload.bytes();
    int at = lineStart;
    while (at < lineEnd) {
      int end = at;
      int colon = -1;
      while (end < lineEnd && !isSpace(bytes[end])) {
        if (bytes[end] == ':' && colon < 0) {
          colon = end;
        }
        end++;
      }
      if (colon >= 0) {
        add(index(at, colon, end), value(at, colon + 1, end));
      }
      at = end + 1;
    }
  }

  private int index(int from, int colon, int to) {
    long index = 0;
    for (int at = from; at < colon && index <= Integer.MAX_VALUE; at++) {
      byte digit = payload.bytes()[at];
      if (digit < '0' || digit > '9') {
        throw failure(from, to, " has no whole number before its colon");
      }
      index = index * 10 + digit - '0';
    }
    if (from == colon) {
      throw failure(from, to, " has no index before its colon");
    }
    if (index >= Integer.MAX_VALUE) {
      throw tooWide(index + 1);
    }
    return (int) index;
  }

  private float value(int tokenStart, int from, int to) {
    try {
      float value = from == to ? Float.NaN : (float) PythonNumbers.parse(payload.bytes(), from, to);
      if (from < to && !Float.isInfinite(value)) {
        return value;
      }
    } catch (NumberFormatException _) {
      throw failure(tokenStart, to, " has no number after its colon");
    }
    throw failure(tokenStart, to, " has no finite 32-bit float after its colon");
  }

  private void add(int index, float value) {
    if (entries == values.length) {
      lines = Arrays.copyOf(lines, entries * 2);
      indices = Arrays.copyOf(indices, entries * 2);
      values = Arrays.copyOf(values, entries * 2);
    }
    lines[entries] = line;
    indices[entries] = index;
    values[entries] = value;
    entries++;
  }

  private Rows rows(boolean shiftsOneBased) {
    int lowest = Integer.MAX_VALUE;
    int highest = 0;
    for (int i = 0; i < entries; i++) {
      lowest = Math.min(lowest, indices[i]);
      highest = Math.max(highest, indices[i]);
    }
    int offset = shiftsOneBased && lowest >= 1 ? 1 : 0;
    int columns = highest - offset + 1;
    if (features > 0 && columns > features) {
      throw tooWide(columns);
    }
    long cells = (long) line * columns;
    if (cells > Integer.MAX_VALUE - 8) {
      throw new PayloadException(
          400,
          "Unable to evaluate payload provided: %d rows of %d columns are more than one call takes"
              .formatted(line, columns));
    }
    float[] matrix = new float[(int) cells];
    Arrays.fill(matrix, Float.NaN);
    for (int i = 0; i < entries; i++) {
      int cell = lines[i] * columns + indices[i] - offset;
      // an index named twice adds up, as in the container's sparse matrix
      matrix[cell] = Float.isNaN(matrix[cell]) ? values[i] : matrix[cell] + values[i];
    }
    return new Rows(matrix, line, columns);
  }

  private static boolean isSpace(byte value) {
    return value == ' ' || value == '\t' || value == '\r';
  }

  private PayloadException failure(int from, int to, String why) {
    return new PayloadException(
        415, FAILURE + "row %d: ".formatted(line + 1) + payload.quote(from, to) + why);
  }

  private PayloadException tooWide(long columns) {
    return new PayloadException(
        400,
        "Unable to evaluate payload provided: Feature size of libsvm inference data %d is larger than feature size of trained model %d."
            .formatted(columns, features));
  }
}
