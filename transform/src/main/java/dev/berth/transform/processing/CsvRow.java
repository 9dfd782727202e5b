package dev.berth.transform.processing;

import dev.berth.transform.failure.TransformFailure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A CSV row as the texts of its columns, quotes and all: what is selected or joined comes out byte
 * for byte as it came in. Libraries give the unquoted values and quote them anew, which is another
 * text for the same value; hence this reader. As strict as RFC 4180 and Go's {@code encoding/csv},
 * whose words AWS's messages have.
 */
final class CsvRow {
  private static final int NEAR_CHARS = 30;
  private static final int LINE_CHARS = 100;

  private CsvRow() {}

  /**
   * Returns the columns of a row.
   *
   * @param row one character a byte, as {@link #text} makes it, without its line end; an empty row
   *     has one empty column
   * @throws TransformFailure when its quotes are wrong
   */
  static List<String> columns(String row) throws TransformFailure {
    var columns = new ArrayList<String>();
    int from = 0;
    while (true) {
      int to = row.startsWith("\"", from) ? quotedEnd(row, from) : unquotedEnd(row, from);
      columns.add(row.substring(from, to));
      if (to == row.length()) {
        return columns;
      }
      from = to + 1;
    }
  }

  private static int unquotedEnd(String row, int from) throws TransformFailure {
    int comma = row.indexOf(',', from);
    int to = comma < 0 ? row.length() : comma;
    int quote = row.indexOf('"', from);
    if (quote >= 0 && quote < to) {
      throw wrong(row, "bare \" in non quoted field", from);
    }
    return to;
  }

  private static int quotedEnd(String row, int from) throws TransformFailure {
    int at = from + 1;
    while (true) {
      int quote = row.indexOf('"', at);
      if (quote < 0) {
        throw wrong(row, "extraneous or missing \" in quoted-field", from);
      }
      if (quote + 1 == row.length() || row.charAt(quote + 1) == ',') {
        return quote + 1;
      }
      if (row.charAt(quote + 1) != '"') {
        throw wrong(row, "extraneous or missing \" in quoted-field", quote);
      }
      at = quote + 2;
    }
  }

  private static TransformFailure wrong(String row, String why, int near) {
    return TransformFailure.client(
        "Failed to parse line: '%s' as CSV: %s found near: %s"
            .formatted(cut(row, LINE_CHARS), why, cut(row.substring(near), NEAR_CHARS)));
  }

  private static String cut(String row, int most) {
    String start = row.substring(0, Math.min(row.length(), most));
    String text = new String(bytes(start), StandardCharsets.UTF_8);
    return row.length() <= most ? text : text + "…";
  }

  /** Returns bytes as a text of one character each, so that any encoding comes out as it was. */
  static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  /** Returns the bytes of a text that {@link #text} made. */
  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
