package dev.berth.server.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A row that the demo's model has not seen: {@code examples/breast-cancer/unseen.csv}.
 *
 * @param isMalignant the truth
 * @param pythonPrediction what Python's XGBoost predicts for it, a probability
 * @param features the measurements as CSV, without a line end
 */
record DemoRow(boolean isMalignant, double pythonPrediction, String features) {

  /** Returns all rows of the file that comes with the program. */
  static List<DemoRow> all() throws IOException {
    try (var file = resource("unseen.csv")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1) // names of the columns
          .map(DemoRow::parse)
          .toList();
    }
  }

  /** Opens a file that comes with the program. */
  static InputStream resource(String name) {
    var stream = DemoRow.class.getResourceAsStream(name);
    if (stream == null) {
      throw new IllegalStateException("not packaged: " + name);
    }
    return stream;
  }

  private static DemoRow parse(String line) {
    var cells = line.split(",", 3);
    return new DemoRow(cells[0].equals("1"), Double.parseDouble(cells[1]), cells[2]);
  }
}
