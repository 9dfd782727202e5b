package dev.berth.runtime.embedded.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What {@code src/test/python/make_fixtures.py} wrote: models, rows and Python's predictions. */
public final class TreeFixtures {
  public static final int COLUMNS = 6;

  private TreeFixtures() {}

  /** What Python predicted for {@link #rows()}. */
  @SuppressWarnings("ArrayRecordComponent") // compared value by value, within a tolerance
  public record Case(String name, String objective, int outputs, double[] predictions) {}

  public static Path folder(String library) {
    try {
      return Path.of(TreeFixtures.class.getResource("/tree/" + library).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the rows' values, row by row, NaN where missing. */
  public static float[] rows() {
    try (var lines = Files.lines(folder("rows.csv"))) {
      var values =
          lines
              .flatMap(line -> Stream.of(line.split(",", -1)))
              .map(text -> text.equals("nan") ? Float.NaN : Float.parseFloat(text))
              .toList();
      var rows = new float[values.size()];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = values.get(i);
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static List<Path> versions(String library) {
    try (var folders = Files.list(folder(library))) {
      return folders.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the cases of a version, by name. */
  public static List<Case> cases(Path version) {
    try {
      var cases = new ObjectMapper().readTree(version.resolve("expected.json").toFile());
      return cases.properties().stream().map(e -> toCase(e.getKey(), e.getValue())).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Case toCase(String name, JsonNode node) {
    var predictions =
        StreamSupport.stream(node.get("predictions").spliterator(), false)
            .mapToDouble(JsonNode::doubleValue)
            .toArray();
    return new Case(
        name, node.get("objective").textValue(), node.get("outputs").intValue(), predictions);
  }

  /** Returns the files of a case, one for each format it was saved in. */
  public static List<Path> files(Path version, Case expected) {
    try (var files = Files.list(version)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(expected.name() + "."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static float[] predict(TabularModel model, float[] rows) {
    int count = rows.length / COLUMNS;
    var out = new float[count * model.outputs()];
    model.predict(rows, count, COLUMNS, out);
    return out;
  }

  /** Asserts that {@code model} says what Python said, to 1e-5, absolute or relative. */
  public static void assertPredicts(TabularModel model, Case expected) {
    assertThat(model.outputs()).isEqualTo(expected.outputs());
    var predictions = predict(model, rows());
    assertThat(predictions).hasSize(expected.predictions().length);
    for (int i = 0; i < predictions.length; i++) {
      double truth = expected.predictions()[i];
      assertThat((double) predictions[i])
          .as("value %d of %s", i, expected.name())
          .isCloseTo(truth, within(1e-5 * Math.max(1, Math.abs(truth))));
    }
  }
}
