package dev.berth.runtime.embedded.tree.lightgbm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.runtime.embedded.tree.Hostile;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import dev.berth.runtime.embedded.tree.TreeFixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are broken, or made to break the reader, and directories that are no model. */
class LightgbmHostileFilesTest {
  private static final String MODEL =
      """
      tree
      version=v4
      num_class=1
      num_tree_per_iteration=1
      max_feature_idx=1
      objective=regression

      Tree=0
      num_leaves=3
      num_cat=0
      split_feature=0 1
      threshold=0.5 0.5
      decision_type=2 2
      left_child=1 -1
      right_child=-3 -2
      leaf_value=1 2 3
      is_linear=0

      end of trees
      """;

  @TempDir private Path directory;

  @Test
  void the_model_that_the_cases_change_is_good() {
    var out = new float[3];
    load(MODEL.getBytes(US_ASCII)).predict(new float[] {0, 0, 0, 1, 1, 0}, 3, 2, out);
    assertThat(out).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a cycle         | left_child=1 -1        | left_child=1 1             | split 1 is not the child",
        "the root        | left_child=1 -1        | left_child=0 -1            | split 0 is not the child",
        "no such split   | left_child=1 -1        | left_child=7 -1            | split 7 is not the child",
        "no such leaf    | left_child=1 -1        | left_child=1 -9            | a child that is leaf 8",
        "short line      | left_child=1 -1        | left_child=1               | 1 numbers where 2 are due",
        "many leaves     | num_leaves=3           | num_leaves=2000000000      | 3 numbers where 2000000000",
        "no leaves       | num_leaves=3           | num_leaves=0               | it has 0 leaves",
        "many categories | num_cat=0              | num_cat=2000000000         | no line 'cat_boundaries='",
        "no categories   | decision_type=2 2      | decision_type=1 2          | categories that it has not",
        "missing type    | decision_type=2 2      | decision_type=14 2         | decision_type 14 is unknown",
        "wrong feature   | split_feature=0 1      | split_feature=0 2          | splits on feature 2",
        "no threshold    | threshold=0.5 0.5      | threshold=0.5 x            | has 'x' where a number",
        "many outputs    | per_iteration=1        | per_iteration=2            | 1 trees for 2 outputs",
        "no outputs      | per_iteration=1        | per_iteration=0            | 1 trees for 0 outputs",
        "features        | max_feature_idx=1      | max_feature_idx=-1         | max_feature_idx is -1",
        "objective       | objective=regression   | objective=mine             | 'mine' is unknown",
        "linear          | is_linear=0            | is_linear=1                | no line 'num_features='",
        "cut off         | end of trees           | end                        | it was cut off",
      })
  void a_model_that_is_none_says_why(String what, String good, String bad, String reason) {
    var model = MODEL.replace(good, bad);
    assertThat(model).as(what).isNotEqualTo(MODEL);
    assertThatThrownBy(() -> load(model.getBytes(US_ASCII)))
        .as(what)
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'model.txt'")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @ValueSource(strings = {"categories", "linear", "forest-classes", "stump"})
  void a_file_cut_off_is_refused(String name) throws IOException {
    var file = Files.readAllBytes(fixture(name));
    int afterTrees = file.length - new String(file, US_ASCII).indexOf("end of trees");
    Hostile.assertRefusesEveryPrefix(file, afterTrees, this::load);
  }

  @ParameterizedTest
  @ValueSource(strings = {"categories", "linear", "forest-classes", "multiclassova"})
  void a_file_with_bytes_changed_is_refused_or_predicts(String name) throws IOException {
    Hostile.assertSurvivesChanges(Files.readAllBytes(fixture(name)), this::load);
  }

  @Test
  void a_stray_file_is_named() throws IOException {
    Files.writeString(directory.resolve("README.md"), "# My model");
    assertThatThrownBy(() -> load(MODEL.getBytes(US_ASCII)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("2 files at its root")
        .hasMessageContaining("README.md, model.txt");
  }

  @Test
  void a_closed_model_refuses_to_predict() {
    var model = load(MODEL.getBytes(US_ASCII));
    model.close();
    assertThatThrownBy(() -> model.predict(new float[2], 1, 2, new float[1]))
        .isInstanceOf(IllegalStateException.class);
  }

  private static Path fixture(String name) {
    return TreeFixtures.folder("lightgbm/4.6.0").resolve(name + ".txt");
  }

  private TabularModel load(byte[] content) {
    try {
      Files.write(directory.resolve("model.txt"), content);
      return LightgbmModels.load(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
