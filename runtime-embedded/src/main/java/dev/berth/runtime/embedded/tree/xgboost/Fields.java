package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A JSON or UBJ object of a model document, of which only the fields that a prediction needs are
 * kept: a document can be large, and most of it (statistics, names, the training configuration) is
 * of no use here. Values are {@code String}, {@code Long}, {@code float[]}, {@code int[]}, {@code
 * Fields}, or {@code List<RawTree>}.
 */
record Fields(Map<String, Object> values) {

  /** The one list of objects in a document. */
  static final String TREES = "trees";

  private static final Set<String> FLOATS =
      Set.of("base_weights", "leaf_weights", "split_conditions", "weight_drop", "weights");

  private static final Set<String> OTHERS =
      Set.of(
          "Model",
          "attributes",
          "base_score",
          "best_ntree_limit",
          "categories",
          "categories_nodes",
          "categories_segments",
          "categories_sizes",
          "default_left",
          "gbtree",
          "gbtree_model_param",
          "gradient_booster",
          "id",
          "learner",
          "learner_model_param",
          "left_children",
          "model",
          "name",
          "num_class",
          "num_feature",
          "num_parallel_tree",
          "num_target",
          "objective",
          "right_children",
          "size_leaf_vector",
          "split_indices",
          "tree_info",
          "tree_param",
          TREES);

  static boolean keeps(String name) {
    return OTHERS.contains(name) || FLOATS.contains(name);
  }

  /** Returns whether the numbers of the list {@code name} are float32, and not integers. */
  static boolean areFloats(String name) {
    return FLOATS.contains(name);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Fields object(String name) {
    return require(name, Fields.class, "an object");
  }

  String text(String name) {
    return require(name, String.class, "a text");
  }

  Optional<String> optionalText(String name) {
    return has(name) ? Optional.of(text(name)) : Optional.empty();
  }

  /** Returns the number that the text {@code name} holds, or {@code otherwise} if there is none. */
  int integer(String name, int otherwise) {
    var text = optionalText(name);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      return Integer.parseInt(text.get().strip());
    } catch (NumberFormatException e) {
      throw new MalformedModelException(
          "'%s' is '%s' and not a whole number in range".formatted(name, text.get()), e);
    }
  }

  long number(String name) {
    return require(name, Long.class, "a number");
  }

  float[] floats(String name) {
    return isEmptyList(name) ? new float[0] : require(name, float[].class, "a list of numbers");
  }

  int[] integers(String name) {
    return isEmptyList(name) ? new int[0] : require(name, int[].class, "a list of whole numbers");
  }

  @SuppressWarnings("unchecked") // both readers put trees, and nothing else, into this list
  List<IndexedTree> trees() {
    return require(TREES, List.class, "a list of trees");
  }

  /** A tree and its place among the others. */
  record IndexedTree(long id, RawTree tree) {}

  /** Returns the tree that these fields describe. */
  IndexedTree tree() {
    int size = object("tree_param").integer("size_leaf_vector", 0);
    var leaves = RawTree.LeafVectors.NONE;
    if (size > 1) {
      boolean byLeaf = has("leaf_weights");
      leaves =
          new RawTree.LeafVectors(size, byLeaf, floats(byLeaf ? "leaf_weights" : "base_weights"));
    }
    var categories = RawTree.Categories.NONE;
    if (has("categories_nodes")) {
      categories =
          new RawTree.Categories(
              integers("categories_nodes"),
              integers("categories_segments"),
              integers("categories_sizes"),
              integers("categories"));
    }
    var tree =
        new RawTree(
            integers("left_children"),
            integers("right_children"),
            integers("split_indices"),
            floats("split_conditions"),
            integers("default_left"),
            categories,
            leaves);
    return new IndexedTree(number("id"), tree);
  }

  private boolean isEmptyList(String name) {
    return values.get(name) instanceof int[] list && list.length == 0;
  }

  private <T> T require(String name, Class<T> type, String what) {
    var value = values.get(name);
    if (value == null) {
      throw new MalformedModelException("it has no '%s'".formatted(name));
    }
    if (!type.isInstance(value)) {
      throw new MalformedModelException("'%s' is not %s".formatted(name, what));
    }
    return type.cast(value);
  }
}
