package dev.berth.server.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Rows of text under headings, each column as wide as its widest cell. */
final class Table {
  private static final String GAP = "  ";

  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) {
    this.headings = List.of(headings);
  }

  /** Adds a row of as many cells as there are headings. */
  void add(String... cells) {
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(
          "%d cells under %d headings".formatted(cells.length, headings.size()));
    }
    rows.add(List.of(cells));
  }

  /** Writes all rows; cells named after a status get its colour. */
  void writeTo(Terminal terminal) {
    var widths = new int[headings.size()];
    for (int column = 0; column < widths.length; column++) {
      widths[column] = headings.get(column).length();
      for (var row : rows) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    terminal.say(terminal.faint(line(headings, widths, UnaryOperator.identity())));
    rows.forEach(row -> terminal.say(line(row, widths, terminal::status)));
  }

  private String line(List<String> cells, int[] widths, UnaryOperator<String> status) {
    var line = new StringBuilder();
    for (int column = 0; column < cells.size(); column++) {
      var cell = cells.get(column);
      boolean isStatus = headings.get(column).equals("STATUS");
      // padded after painting: control sequences take no room
      line.append(isStatus ? status.apply(cell) : cell)
          .append(" ".repeat(widths[column] - cell.length()))
          .append(GAP);
    }
    return line.toString().stripTrailing();
  }
}
