package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.MalformedModelException;

/**
 * One tree, in LightGBM's own layout: parallel arrays over splits, split 0 the root; a child that
 * is negative is the leaf {@code ~child}.
 *
 * <p>A walk needs no checks, as the constructor has made them: children and features are within
 * bounds, and no split has two parents, so every walk ends.
 */
final class Tree {
  private static final int ON_CATEGORIES = 1;
  private static final int DEFAULT_LEFT = 2;
  private static final int MISSING = 3 << 2;
  private static final int MISSING_IS_ZERO = 1 << 2;
  private static final int MISSING_IS_NAN = 2 << 2;

  /** Values this near to 0 are 0: float32 1e-35, widened. */
  private static final double ZERO = 1e-35f;

  private final int[] feature;
  private final double[] threshold;
  private final int[] decision;
  private final int[] left;
  private final int[] right;
  private final double[] leafValue;
  private final int[] categoryFrom;
  private final int[] categoryBits;
  private final LinearLeaves linear;

  /**
   * The linear models in the leaves of a linear tree: leaf {@code i} predicts {@code constant[i]}
   * and, from {@code from[i]} up to {@code from[i + 1]}, coefficients times features.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared nor changed
  private record LinearLeaves(double[] constant, int[] from, int[] feature, double[] coefficient) {
    static final LinearLeaves NONE =
        new LinearLeaves(new double[0], new int[0], new int[0], new double[0]);
  }

  /**
   * Makes the tree that {@code section} describes.
   *
   * @param features columns trained on
   * @throws MalformedModelException if it is no tree
   */
  Tree(Section section, int features) {
    int leaves = section.integer("num_leaves");
    if (leaves < 1) {
      throw new MalformedModelException("it has %d leaves".formatted(leaves));
    }
    int splits = leaves - 1;
    this.leafValue = section.doubles("leaf_value", leaves);
    // A tree of one leaf may leave out the lines about splits.
    this.feature = splits == 0 ? new int[0] : section.integers("split_feature", splits);
    this.threshold = splits == 0 ? new double[0] : section.doubles("threshold", splits);
    this.left = splits == 0 ? new int[0] : section.integers("left_child", splits);
    this.right = splits == 0 ? new int[0] : section.integers("right_child", splits);
    this.decision =
        section.has("decision_type") && splits > 0
            ? section.integers("decision_type", splits)
            : new int[splits];
    int categories = section.integer("num_cat", 0);
    if (categories > 0) {
      // Checked by the count of numbers on the line, before there is an array of that size.
      this.categoryFrom = section.integers("cat_boundaries", Math.addExact(categories, 1));
      this.categoryBits = section.integers("cat_threshold", categoryFrom[categories]);
    } else {
      this.categoryFrom = new int[0];
      this.categoryBits = new int[0];
    }
    this.linear =
        section.integer("is_linear", 0) == 0
            ? LinearLeaves.NONE
            : linear(section, leaves, features);
    check(features);
  }

  private static LinearLeaves linear(Section section, int leaves, int features) {
    var counts = section.integers("num_features", leaves);
    var from = new int[leaves + 1];
    for (int i = 0; i < leaves; i++) {
      if (counts[i] < 0 || counts[i] > features) {
        throw new MalformedModelException("it has a leaf with %d features".formatted(counts[i]));
      }
      long next = (long) from[i] + counts[i];
      if (next > Integer.MAX_VALUE) {
        throw new MalformedModelException("its leaves have too many features");
      }
      from[i + 1] = (int) next;
    }
    var used = section.integers("leaf_features", from[leaves]);
    for (int feature : used) {
      if (feature < 0 || feature >= features) {
        throw new MalformedModelException("it has a leaf on feature %d".formatted(feature));
      }
    }
    return new LinearLeaves(
        section.doubles("leaf_const", leaves),
        from,
        used,
        section.doubles("leaf_coeff", from[leaves]));
  }

  private void check(int features) {
    int splits = feature.length;
    var isReached = new boolean[splits];
    for (int i = 0; i < splits; i++) {
      if (feature[i] < 0 || feature[i] >= features) {
        throw new MalformedModelException(
            "it splits on feature %d, the model has %d".formatted(feature[i], features));
      }
      if ((decision[i] & MISSING) == MISSING) {
        throw new MalformedModelException("its decision_type %d is unknown".formatted(decision[i]));
      }
      reach(left[i], isReached);
      reach(right[i], isReached);
      if ((decision[i] & ON_CATEGORIES) != 0) {
        checkCategories(threshold[i]);
      }
    }
  }

  /**
   * With one parent for each split and none for the root, no walk from the root can come back to
   * where it was.
   */
  private void reach(int child, boolean[] isReached) {
    if (child < 0) {
      if (~child >= leafValue.length) {
        throw new MalformedModelException("it has a child that is leaf %d".formatted(~child));
      }
      return;
    }
    if (child == 0 || child >= isReached.length || isReached[child]) {
      throw new MalformedModelException(
          "split %d is not the child of exactly one other".formatted(child));
    }
    isReached[child] = true;
  }

  private void checkCategories(double threshold) {
    int set = (int) threshold;
    if (set < 0 || set >= categoryFrom.length - 1) {
      throw new MalformedModelException("it splits on categories that it has not");
    }
    if (categoryFrom[set] < 0
        || categoryFrom[set] > categoryFrom[set + 1]
        || categoryFrom[set + 1] > categoryBits.length) {
      throw new MalformedModelException("its cat_boundaries do not ascend");
    }
  }

  /** Returns what the tree adds to the score of the row that begins at {@code from}. */
  double predict(float[] rows, int from, int columns) {
    int at = feature.length == 0 ? ~0 : 0;
    while (at >= 0) {
      double value = value(rows, from, columns, feature[at]);
      boolean goesLeft =
          (decision[at] & ON_CATEGORIES) == 0
              ? isBelow(value, threshold[at], decision[at])
              : isIn(value, (int) threshold[at]);
      at = goesLeft ? left[at] : right[at];
    }
    return linear.constant().length == 0 ? leafValue[~at] : linear(~at, rows, from, columns);
  }

  private static double value(float[] rows, int from, int columns, int feature) {
    return feature < columns ? rows[from + feature] : Double.NaN;
  }

  private static boolean isBelow(double value, double threshold, int decision) {
    int missing = decision & MISSING;
    if (Double.isNaN(value)) {
      if (missing == MISSING_IS_NAN) {
        return (decision & DEFAULT_LEFT) != 0;
      }
      value = 0;
    }
    if (missing == MISSING_IS_ZERO && Math.abs(value) <= ZERO) {
      return (decision & DEFAULT_LEFT) != 0;
    }
    return value <= threshold;
  }

  private boolean isIn(double value, int set) {
    if (Double.isNaN(value) || (int) value < 0) {
      return false;
    }
    int category = (int) value;
    int word = categoryFrom[set] + (category >>> 5);
    return word < categoryFrom[set + 1] && (categoryBits[word] >>> (category & 31) & 1) != 0;
  }

  private double linear(int leaf, float[] rows, int from, int columns) {
    double sum = linear.constant()[leaf];
    for (int i = linear.from()[leaf]; i < linear.from()[leaf + 1]; i++) {
      double value = value(rows, from, columns, linear.feature()[i]);
      if (Double.isNaN(value)) {
        return leafValue[leaf];
      }
      sum += linear.coefficient()[i] * value;
    }
    return sum;
  }

  /** Returns the bytes of heap it holds, but for the headers of its arrays. */
  long memoryBytes() {
    long doubles = threshold.length + leafValue.length + 2L * linear.constant().length;
    long integers = 4L * feature.length + categoryFrom.length + categoryBits.length;
    long coefficients = (Double.BYTES + Integer.BYTES) * (long) linear.coefficient().length;
    return doubles * Double.BYTES + integers * Integer.BYTES + coefficients;
  }
}
