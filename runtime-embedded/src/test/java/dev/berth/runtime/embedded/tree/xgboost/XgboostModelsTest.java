package dev.berth.runtime.embedded.tree.xgboost;

import static dev.berth.runtime.embedded.tree.TreeFixtures.COLUMNS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import dev.berth.runtime.embedded.tree.TreeFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model directory loads as. */
class XgboostModelsTest {
  @TempDir private Path directory;

  @Test
  void several_files_predict_their_mean() throws IOException {
    add("3.2.0/reg-squarederror.json", "xgboost-model-0");
    add("2.1.4/reg-absoluteerror.deprecated", "xgboost-model-1");
    var ensemble = XgboostModels.load(directory, Map.of());
    var first = predictions("3.2.0/reg-squarederror.json");
    var second = predictions("2.1.4/reg-absoluteerror.deprecated");
    var mean = new float[first.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (first[i] + second[i]) / 2;
    }
    assertThat(TreeFixtures.predict(ensemble, TreeFixtures.rows())).isEqualTo(mean);
  }

  @Test
  void several_files_of_a_class_vote() throws IOException {
    add("1.7.6/multi-softmax.model", "a");
    add("3.2.0/multi-softmax.ubj", "b");
    add("3.2.0/multi-softmax.json", "c");
    var ensemble = XgboostModels.load(directory, Map.of());
    assertThat(TreeFixtures.predict(ensemble, TreeFixtures.rows()))
        .isEqualTo(predictions("3.2.0/multi-softmax.json"));
  }

  @Test
  void an_even_vote_goes_to_the_lowest_class() throws IOException {
    add("1.7.6/binary-hinge.json", "a");
    add("1.7.6/multi-softmax.json", "b");
    var ensemble = XgboostModels.load(directory, Map.of());
    var first = predictions("1.7.6/binary-hinge.json");
    var second = predictions("1.7.6/multi-softmax.json");
    var lowest = new float[first.length];
    for (int i = 0; i < lowest.length; i++) {
      lowest[i] = Math.min(first[i], second[i]);
    }
    assertThat(TreeFixtures.predict(ensemble, TreeFixtures.rows())).isEqualTo(lowest);
  }

  @Test
  void without_ensembles_the_first_file_by_name_is_the_model() throws IOException {
    add("3.2.0/reg-squarederror.json", "b");
    add("3.2.0/binary-logistic.json", "a");
    var model = XgboostModels.load(directory, Map.of("SAGEMAKER_INFERENCE_ENSEMBLE", "false"));
    assertThat(model.objective()).isEqualTo("binary:logistic");
  }

  @Test
  void dot_files_and_folders_are_no_models() throws IOException {
    add("3.2.0/binary-logistic.json", "xgboost-model");
    Files.writeString(directory.resolve("._xgboost-model"), "resource fork");
    Files.createDirectory(directory.resolve("code"));
    var model = XgboostModels.load(directory, Map.of());
    assertThat(TreeFixtures.predict(model, TreeFixtures.rows()))
        .isEqualTo(predictions("3.2.0/binary-logistic.json"));
  }

  @Test
  void a_stray_file_is_named() throws IOException {
    add("3.2.0/binary-logistic.json", "xgboost-model");
    Files.writeString(directory.resolve("README.md"), "# My model\n\nIt is the best of them all.");
    assertThatThrownBy(() -> XgboostModels.load(directory, Map.of()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'README.md'")
        .hasMessageContaining("may hold model files only");
  }

  @Test
  void an_empty_directory_says_where_the_model_belongs() {
    assertThatThrownBy(() -> XgboostModels.load(directory, Map.of()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("no file at its root");
  }

  @Test
  void models_with_different_outputs_are_no_ensemble() throws IOException {
    add("3.2.0/binary-logistic.json", "a");
    add("3.2.0/multi-softprob.json", "b");
    assertThatThrownBy(() -> XgboostModels.load(directory, Map.of()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'a' and 'b'")
        .hasMessageContaining("1 and 3 values");
  }

  @Test
  void a_closed_model_refuses_to_predict_and_holds_no_memory() throws IOException {
    add("3.2.0/binary-logistic.json", "xgboost-model");
    var model = XgboostModels.load(directory, Map.of());
    assertThat(model.memoryBytes()).isPositive();
    model.close();
    model.close();
    assertThat(model.memoryBytes()).isZero();
    assertThatThrownBy(() -> model.predict(new float[COLUMNS], 1, COLUMNS, new float[1]))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void arrays_that_are_too_short_are_refused() throws IOException {
    add("3.2.0/binary-logistic.json", "xgboost-model");
    var model = XgboostModels.load(directory, Map.of());
    assertThatThrownBy(() -> model.predict(new float[COLUMNS], 2, COLUMNS, new float[2]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> model.predict(new float[COLUMNS], 1, COLUMNS, new float[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void add(String fixture, String name) throws IOException {
    Files.copy(TreeFixtures.folder("xgboost").resolve(fixture), directory.resolve(name));
  }

  private static float[] predictions(String fixture) {
    TabularModel model = BoosterFile.load(TreeFixtures.folder("xgboost").resolve(fixture));
    return TreeFixtures.predict(model, TreeFixtures.rows());
  }
}
