package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;

/**
 * Reads {@code text/csv}: no header, no label column, a blank cell is a missing value.
 *
 * <p>The delimiter is found in the first line, as the container's sniffer does for real data: the
 * first of comma, tab, semicolon, bar, space that occurs there.
 */
public final class CsvReader {
  private static final byte[] DELIMITERS = {',', '\t', ';', '|', ' '};
  private static final String FAILURE =
      "Loading csv data failed with Exception, please ensure data is in csv format:\n ";

  private final Payload payload;
  private final byte delimiter;
  private final int columns;

  private CsvReader(Payload payload) {
    this.payload = payload;
    int lineEnd = payload.find((byte) '\n', payload.from());
    this.delimiter = sniff(payload, lineEnd);
    this.columns = countCells(payload.from(), lineEnd);
  }

  /**
   * Returns the rows of {@code body}, whose position does not move.
   *
   * @throws PayloadException with status 415 that says row, column and reason, both from 1
   */
  public static Rows read(ByteBuffer body) {
    Payload payload = Payload.of(body).strip();
    if (payload.from() == payload.to()) {
      throw new PayloadException(415, FAILURE + "the body is blank");
    }
    return new CsvReader(payload).rows();
  }

  private static byte sniff(Payload payload, int lineEnd) {
    for (byte candidate : DELIMITERS) {
      if (payload.find(candidate, payload.from()) < lineEnd) {
        return candidate;
      }
    }
    return ',';
  }

  private int countCells(int lineStart, int lineEnd) {
    int cells = 1;
    int at = cellEnd(lineStart);
    while (at < lineEnd) {
      cells++;
      at = cellEnd(at + 1);
    }
    return cells;
  }

  private Rows rows() {
    int lines = payload.count((byte) '\n', payload.from(), payload.to()) + 1;
    // every cell takes a byte with its delimiter: more can only be asked for by ragged rows
    float[] values =
        new float[(int) Math.min((long) lines * columns, payload.to() - payload.from() + 1L)];
    int row = 0;
    int column = 0;
    int filled = 0;
    int at = payload.from();
    while (true) {
      int end = cellEnd(at);
      if (column == columns) {
        throw ragged(row, countRow(row));
      }
      values[filled++] = cell(at, end, row, column);
      column++;
      boolean isLast = end == payload.to();
      if (isLast || payload.bytes()[end] == '\n') {
        if (column < columns) {
          throw ragged(row, column);
        }
        if (isLast) {
          return new Rows(values, row + 1, columns);
        }
        row++;
        column = 0;
      }
      at = end + 1;
    }
  }

  /** Returns the index of the delimiter, line end or payload end after the cell at {@code at}. */
  private int cellEnd(int at) {
    byte[] bytes = payload.bytes();
    int end = at;
    if (end < payload.to() && bytes[end] == '"') {
      end = Math.min(payload.find((byte) '"', end + 1) + 1, payload.to());
    }
    while (end < payload.to() && bytes[end] != delimiter && bytes[end] != '\n') {
      end++;
    }
    return end;
  }

  private float cell(int at, int cellEnd, int row, int column) {
    byte[] bytes = payload.bytes();
    int from = at;
    int to = cellEnd;
    while (to > from && isBlank(bytes[to - 1])) {
      to--;
    }
    while (from < to && isBlank(bytes[from])) {
      from++;
    }
    if (to - from >= 2 && bytes[from] == '"' && bytes[to - 1] == '"') {
      from++;
      to--;
    }
    if (from == to) {
      return Float.NaN;
    }
    float value = number(from, to, row, column);
    if (Float.isInfinite(value)) {
      throw failure(row, column, from, to, " is infinite or too large for a 32-bit float");
    }
    return value;
  }

  private float number(int from, int to, int row, int column) {
    try {
      return (float) PythonNumbers.parse(payload.bytes(), from, to);
    } catch (NumberFormatException _) {
      String hint = row == 0 ? " (a header line is not allowed)" : "";
      throw failure(row, column, from, to, " is not a number" + hint);
    }
  }

  private static boolean isBlank(byte value) {
    return value == ' ' || value == '\r' || value == '\t';
  }

  private PayloadException failure(int row, int column, int from, int to, String why) {
    return new PayloadException(
        415,
        FAILURE
            + "row %d, column %d: ".formatted(row + 1, column + 1)
            + payload.quote(from, to)
            + why);
  }

  private int countRow(int row) {
    int at = payload.from();
    for (int line = 0; line < row; line++) {
      at = payload.find((byte) '\n', at) + 1;
    }
    return countCells(at, payload.find((byte) '\n', at));
  }

  private PayloadException ragged(int row, int cells) {
    return new PayloadException(
        415,
        FAILURE + "row %d has %d columns where row 1 has %d".formatted(row + 1, cells, columns));
  }
}
