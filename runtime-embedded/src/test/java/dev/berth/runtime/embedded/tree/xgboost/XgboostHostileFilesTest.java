package dev.berth.runtime.embedded.tree.xgboost;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.runtime.embedded.tree.Hostile;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TreeFixtures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are broken, or made to break the reader: refused by name, never a crash or a hang. */
class XgboostHostileFilesTest {
  private static final String TREE =
      """
      {"id": 0, "tree_param": {"num_nodes": "3", "size_leaf_vector": "1"},
       "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
       "split_conditions": [0.5, 1.0, 2.0], "default_left": [0, 0, 0]}\
      """;
  private static final String MODEL =
      """
      {"version": [3, 0, 0], "learner": {"attributes": {},
       "learner_model_param": {"base_score": "0", "num_class": "0", "num_feature": "2"},
       "objective": {"name": "reg:squarederror"},
       "gradient_booster": {"name": "gbtree", "model": {
        "gbtree_model_param": {"num_parallel_tree": "1"}, "tree_info": [0], "trees": [%s]}}}}\
      """
          .formatted(TREE);

  @TempDir private Path directory;

  @Test
  void the_model_that_the_cases_change_is_good() {
    var out = new float[2];
    load(MODEL.getBytes(UTF_8)).predict(new float[] {0, 0, 1, 0}, 2, 2, out);
    assertThat(out).containsExactly(1, 2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a cycle       | [1, -1, -1]        | [0, -1, -1]          | reaches node 0 in two ways",
        "one child     | [1, -1, -1]        | [2, -1, -1]          | reaches node 2 in two ways",
        "no such child | [1, -1, -1]        | [3, -1, -1]          | has a child 3 that is no node",
        "negative      | [1, -1, -1]        | [-7, -1, -1]         | has a child -7 that is no node",
        "short lists   | [1, -1, -1]        | [1, -1]              | differ in length",
        "no nodes      | [1, -1, -1]        | []                   | no nodes",
        "a big number  | [1, -1, -1]        | [99999999999, 1, 1]  | 99999999999",
        "a fraction    | [1, -1, -1]        | [1.5, -1, -1]        | has a fraction",
        "no feature    | [0, 0, 0]          | [2, 0, 0]            | splits on feature 2",
        "minus feature | [0, 0, 0]          | [-1, 0, 0]           | splits on feature -1",
        "wrong output  | \"tree_info\": [0] | \"tree_info\": [1]   | adds to output 1 of 1",
        "no tree_info  | \"tree_info\": [0] | \"tree_info\": []    | tree_info does not fit",
        "wrong id      | \"id\": 0          | \"id\": 1            | ids are not 0",
        "many classes  | \"num_class\": \"0\" | \"num_class\": \"2000000000\" | 2000000000 outputs",
        "no number     | \"num_class\": \"0\" | \"num_class\": \"x\" | 'num_class' is 'x'",
        "base score    | \"base_score\": \"0\" | \"base_score\": \"[1,2]\" | 2 base scores for 1",
        "objective     | reg:squarederror   | reg:mine             | 'reg:mine' is unknown",
        "booster       | \"gbtree\",        | \"forest\",          | 'forest' is unknown",
        "leaf vectors  | \"size_leaf_vector\": \"1\" | \"size_leaf_vector\": \"9\", \"x\": 0 | base_weights",
        "categories    | \"id\": 0 | \"id\": 0, \"categories_nodes\": [0], \"categories_sizes\": [9], \"categories_segments\": [0], \"categories\": [1] | without its categories",
        "category node | \"id\": 0 | \"id\": 0, \"categories_nodes\": [5], \"categories_sizes\": [1], \"categories_segments\": [0], \"categories\": [1] | has categories for node 5",
        "not a list    | [1, -1, -1]        | {}                   | 'left_children' is not",
        "not an object | \"attributes\": {} | \"attributes\": 7    | 'attributes' is not an object",
      })
  void a_model_that_is_none_says_why(String what, String good, String bad, String reason) {
    var model = MODEL.replaceFirst(Pattern.quote(good), bad);
    assertThat(model).as(what).isNotEqualTo(MODEL);
    assertThatThrownBy(() -> load(model.getBytes(UTF_8)))
        .as(what)
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'xgboost-model'")
        .hasMessageContaining(reason);
  }

  @Test
  void json_nested_without_end_is_refused() {
    var deep = "{\"learner\":".repeat(100_000);
    assertThatThrownBy(() -> load(deep.getBytes(UTF_8)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("JSON");
  }

  @Test
  void ubj_nested_without_end_is_refused() {
    var kept = "{U\7learner".repeat(100_000);
    var skipped = "{U\1x" + "[".repeat(100_000);
    assertThatThrownBy(() -> load(kept.getBytes(UTF_8)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("too deeply");
    assertThatThrownBy(() -> load(skipped.getBytes(UTF_8)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("too deeply");
  }

  @Test
  void ubj_that_claims_more_numbers_than_it_has_is_refused() throws IOException {
    var file = new ByteArrayOutputStream();
    file.write("{U\7weights[$d#L".getBytes(UTF_8));
    file.write(ByteBuffer.allocate(8).putLong(1L << 29).array());
    assertThatThrownBy(() -> load(file.toByteArray()))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("a count in it is wrong: 536870912");
  }

  @Test
  void a_legacy_file_that_claims_more_trees_than_it_has_is_refused() throws IOException {
    var file = Files.readAllBytes(fixture("1.7.6/reg-squarederror.model"));
    int trees = new String(file, ISO_8859_1).indexOf("gbtree") + 6;
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(trees, Integer.MAX_VALUE);
    assertThatThrownBy(() -> load(file))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'xgboost-model'");
  }

  @Test
  void a_pickle_of_something_else_says_how_to_save_the_model() {
    // pickle.dumps(collections.OrderedDict(), protocol=4)
    var pickle =
        "\u0080\4\u0095\"\0\0\0\0\0\0\0\u008c\13collections\u0094\u008c\13OrderedDict\u0094\u0093\u0094)R\u0094.";
    assertThatThrownBy(() -> load(pickle.getBytes(ISO_8859_1)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("collections.OrderedDict")
        .hasMessageContaining("save_model('model.ubj')");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "{}", "[]", "null", "binf", "bs64", "tree\nversion=v4\n", "PK\3\4"})
  void a_file_of_another_kind_is_refused(String content) {
    assertThatThrownBy(() -> load(content.getBytes(UTF_8)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'xgboost-model'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3.2.0/categories.json",
        "3.2.0/categories.ubj",
        "3.2.0/vector-leaves.ubj",
        "1.7.6/dart-classes.model",
        "2.1.4/linear.deprecated",
        "1.7.6/pickled.4.pkl"
      })
  void a_file_cut_off_is_refused(String name) throws IOException {
    Hostile.assertRefusesEveryPrefix(Files.readAllBytes(fixture(name)), 0, this::load);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3.2.0/categories.json",
        "3.2.0/categories.ubj",
        "3.2.0/vector-leaves.ubj",
        "3.2.0/multi-softprob.ubj",
        "1.7.6/dart-classes.model",
        "1.7.6/early-stopping.model",
        "2.1.4/linear.deprecated",
        "1.7.6/pickled.2.pkl",
        "1.7.6/pickled.4.pkl",
        "3.2.0/pickled.5.pkl"
      })
  void a_file_with_bytes_changed_is_refused_or_predicts(String name) throws IOException {
    Hostile.assertSurvivesChanges(Files.readAllBytes(fixture(name)), this::load);
  }

  private static Path fixture(String name) {
    return TreeFixtures.folder("xgboost").resolve(name);
  }

  private XgboostModel load(byte[] content) {
    try {
      return BoosterFile.load(Files.write(directory.resolve("xgboost-model"), content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
