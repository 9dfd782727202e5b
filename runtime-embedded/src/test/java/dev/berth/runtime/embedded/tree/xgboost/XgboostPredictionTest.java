package dev.berth.runtime.embedded.tree.xgboost;

import static dev.berth.runtime.embedded.tree.TreeFixtures.COLUMNS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.berth.runtime.embedded.tree.TreeFixtures;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The evaluator against Python's predictions and against xgboost4j. */
class XgboostPredictionTest {
  private static final Set<String> NOT_IN_XGBOOST4J =
      Set.of("early-stopping", "reg-gamma", "reg-squaredlogerror");

  @TestFactory
  Stream<DynamicTest> every_model_predicts_what_python_predicts() {
    return TreeFixtures.versions("xgboost").stream()
        .flatMap(version ->
            TreeFixtures.cases(version).stream()
                .flatMap(expected ->
                    TreeFixtures.files(version, expected).stream()
                        .map(file -> predictsAsPython(version, file, expected))));
  }

  private static DynamicTest predictsAsPython(Path version, Path file, TreeFixtures.Case expected) {
    return dynamicTest(
        version.getFileName() + " " + file.getFileName(),
        () -> {
          var model = BoosterFile.load(file);
          assertThat(model.objective()).isEqualTo(expected.objective());
          assertThat(model.features()).isEqualTo(COLUMNS);
          TreeFixtures.assertPredicts(model, expected);
        });
  }

  @TestFactory
  Stream<DynamicTest> random_rows_are_predicted_as_by_the_native_library() {
    // xgboost4j is 2.1.4: it cannot read base scores of 3.1, wants parameters of objectives that
    // only 2.1 saves, and does not use best_ntree_limit of 1.x.
    return Stream.of("1.7.6", "2.1.4", "3.0.5")
        .map(version -> TreeFixtures.folder("xgboost").resolve(version))
        .flatMap(version ->
            TreeFixtures.cases(version).stream()
                .filter(expected -> !NOT_IN_XGBOOST4J.contains(expected.name()))
                .flatMap(expected -> TreeFixtures.files(version, expected).stream())
                .filter(file -> !file.toString().endsWith(".pkl"))
                .map(file ->
                    dynamicTest(
                        version.getFileName() + " " + file.getFileName(),
                        () -> predictsAsTheNativeLibrary(file))));
  }

  private static void predictsAsTheNativeLibrary(Path file) throws XGBoostError {
    var random = new Random(file.getFileName().toString().hashCode());
    int count = 500;
    var rows = new float[count * COLUMNS];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = random.nextInt(8) == 0 ? Float.NaN : (float) random.nextGaussian() * 3;
    }
    var booster = XGBoost.loadModel(file.toString());
    booster.setParam("nthread", 1);
    var matrix = new DMatrix(rows, count, COLUMNS, Float.NaN);
    try {
      var truth =
          Stream.of(booster.predict(matrix))
              .flatMap(row -> IntStream.range(0, row.length).mapToObj(k -> row[k]))
              .toList();
      var predictions = TreeFixtures.predict(BoosterFile.load(file), rows);
      assertThat(predictions).hasSize(truth.size());
      for (int i = 0; i < predictions.length; i++) {
        float tolerance = 1e-5f * Math.max(1, Math.abs(truth.get(i)));
        assertThat(Math.abs(predictions[i] - truth.get(i)))
            .as("value %d: %s, truth %s", i, predictions[i], truth.get(i))
            .isLessThanOrEqualTo(tolerance);
      }
    } finally {
      matrix.dispose();
      booster.dispose();
    }
  }

  @Test
  void columns_that_a_row_does_not_have_are_missing() {
    var model = BoosterFile.load(TreeFixtures.folder("xgboost/3.2.0/reg-squarederror.ubj"));
    var padded = new float[] {1, 0.5f, Float.NaN, Float.NaN, Float.NaN, Float.NaN};
    var expected = new float[1];
    model.predict(padded, 1, COLUMNS, expected);
    var out = new float[1];
    model.predict(new float[] {1, 0.5f}, 1, 2, out);
    assertThat(out).isEqualTo(expected);
  }

  @Test
  void many_rows_at_once_are_predicted_as_one_by_one() {
    var model = BoosterFile.load(TreeFixtures.folder("xgboost/3.2.0/multi-softprob.ubj"));
    var rows = TreeFixtures.rows();
    int count = rows.length / COLUMNS;
    var many = new float[10 * rows.length];
    for (int i = 0; i < 10; i++) {
      System.arraycopy(rows, 0, many, i * rows.length, rows.length);
    }
    var together = TreeFixtures.predict(model, many);
    var one = new float[COLUMNS];
    var out = new float[3];
    for (int r = 0; r < 10 * count; r++) {
      System.arraycopy(many, r * COLUMNS, one, 0, COLUMNS);
      model.predict(one, 1, COLUMNS, out);
      assertThat(List.of(together[r * 3], together[r * 3 + 1], together[r * 3 + 2]))
          .isEqualTo(List.of(out[0], out[1], out[2]));
    }
  }
}
