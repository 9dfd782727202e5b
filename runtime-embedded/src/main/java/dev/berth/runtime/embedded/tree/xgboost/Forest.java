package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.xgboost.Booster.Learner;
import java.util.Arrays;
import java.util.List;

/**
 * Trees as one flat array, the way a walk reads them.
 *
 * <p>A node is four ints, so that one cache line answers a step: the feature with two flag bits;
 * the bits of its float32 split value, or where its categories begin; where its left child begins;
 * and how many categories it has. Siblings lie side by side, the left one first, and a tree's nodes
 * level by level. A leaf has its value in the fourth int, or where its vector begins; it is its own
 * left child, by a feature that no row has, so that a walk may go on in it.
 *
 * <p>That lets four trees be walked at once, each for as many steps as the deepest has levels: one
 * walk is a chain of loads and mispredicted branches, four of them overlap.
 *
 * <p>A walk needs no checks, as the constructor has made them: children are within the tree, no
 * node has two parents, so every walk ends; features are below the model's count.
 */
final class Forest implements Margins {
  private static final int NODE = 4;
  private static final int SPLIT_VALUE = 1;
  private static final int LEFT = 2;
  private static final int CATEGORIES = 3;
  private static final int LEAF_VALUE = 3;

  private static final int DEFAULT_LEFT = 1 << 31;
  private static final int ON_CATEGORIES = 1 << 30;
  private static final int FEATURE = ON_CATEGORIES - 1;

  /** Categories are float32 on the way in, which tells whole numbers apart up to here. */
  private static final int MAX_CATEGORY = 1 << 24;

  /** In deeper trees most leaves are far above the deepest, and walking on in them is waste. */
  private static final int MAX_LEVELS_TOGETHER = 12;

  private final int[] nodes;
  private final int[] roots;
  private final int[] levels;
  private final int[] outputOf;
  private final int[] categories;
  private final float[] vectors;
  private final int outputs;
  private final boolean hasVectors;

  /**
   * Makes a forest of {@code learner}'s trees.
   *
   * @throws MalformedModelException if a tree is not one, or does not fit the counts
   */
  Forest(Learner.Trees learner, int features, int outputs) {
    var trees = learner.trees();
    this.outputs = outputs;
    this.hasVectors = trees.stream().anyMatch(tree -> tree.leaves().size() > 1);
    this.outputOf = learner.outputOf();
    this.roots = new int[trees.size()];
    this.levels = new int[trees.size()];
    var builder = new Builder(trees, features, outputs, hasVectors);
    for (int t = 0; t < roots.length; t++) {
      if (outputOf[t] < 0 || outputOf[t] >= outputs) {
        throw new MalformedModelException(
            "tree %d adds to output %d of %d".formatted(t, outputOf[t], outputs));
      }
      roots[t] = builder.nodeCount;
      try {
        levels[t] =
            builder.add(trees.get(t), learner.weights().length == 0 ? 1 : learner.weights()[t]);
      } catch (MalformedModelException e) {
        throw new MalformedModelException("tree %d %s".formatted(t, e.getMessage()), e);
      }
    }
    this.nodes = Arrays.copyOf(builder.nodes, builder.nodeCount);
    this.categories = Arrays.copyOf(builder.categories, builder.categoryCount);
    this.vectors = Arrays.copyOf(builder.vectors, builder.vectorCount);
  }

  @Override
  public void add(float[] rows, int from, int rowCount, int columns, float[] margins) {
    // Trees outside, rows inside: the trees stay in the cache while the rows pass through them.
    int t = 0;
    while (t < roots.length) {
      if (t + 4 <= roots.length && levelsOfFour(t) <= MAX_LEVELS_TOGETHER) {
        addFour(t, rows, from, rowCount, columns, margins);
        t += 4;
      } else {
        addOne(t, rows, from, rowCount, columns, margins);
        t++;
      }
    }
  }

  private int levelsOfFour(int t) {
    return Math.max(Math.max(levels[t], levels[t + 1]), Math.max(levels[t + 2], levels[t + 3]));
  }

  private void addFour(int t, float[] rows, int from, int rowCount, int columns, float[] margins) {
    int steps = levelsOfFour(t);
    int known = Math.min(columns, FEATURE);
    for (int r = 0; r < rowCount; r++) {
      int row = from + r * columns;
      int a = roots[t];
      int b = roots[t + 1];
      int c = roots[t + 2];
      int d = roots[t + 3];
      for (int i = 0; i < steps; i++) {
        a = next(a, rows, row, known);
        b = next(b, rows, row, known);
        c = next(c, rows, row, known);
        d = next(d, rows, row, known);
      }
      addLeaf(a, t, margins, r);
      addLeaf(b, t + 1, margins, r);
      addLeaf(c, t + 2, margins, r);
      addLeaf(d, t + 3, margins, r);
    }
  }

  private void addOne(int t, float[] rows, int from, int rowCount, int columns, float[] margins) {
    int known = Math.min(columns, FEATURE);
    for (int r = 0; r < rowCount; r++) {
      int node = roots[t];
      while (nodes[node + LEFT] != node) {
        node = next(node, rows, from + r * columns, known);
      }
      addLeaf(node, t, margins, r);
    }
  }

  private void addLeaf(int leaf, int tree, float[] margins, int r) {
    int value = nodes[leaf + LEAF_VALUE];
    if (hasVectors) {
      for (int k = 0; k < outputs; k++) {
        margins[r * outputs + k] += vectors[value + k];
      }
    } else {
      margins[r * outputs + outputOf[tree]] += Float.intBitsToFloat(value);
    }
  }

  private int next(int node, float[] rows, int row, int known) {
    int split = nodes[node];
    int feature = split & FEATURE;
    float value = feature < known ? rows[row + feature] : Float.NaN;
    boolean goesLeft;
    if (Float.isNaN(value)) {
      goesLeft = split < 0; // DEFAULT_LEFT is the sign
    } else if ((split & ON_CATEGORIES) == 0) {
      goesLeft = value < Float.intBitsToFloat(nodes[node + SPLIT_VALUE]);
    } else {
      goesLeft = !isIn(value, nodes[node + SPLIT_VALUE], nodes[node + CATEGORIES]);
    }
    return nodes[node + LEFT] + (goesLeft ? 0 : NODE);
  }

  /** Returns whether {@code value}, its fraction cut off, is one of the node's categories. */
  private boolean isIn(float value, int from, int count) {
    return value >= 0
        && value < MAX_CATEGORY
        && Arrays.binarySearch(categories, from, from + count, (int) value) >= 0;
  }

  @Override
  public long memoryBytes() {
    long values = (long) nodes.length + 3L * roots.length;
    return (values + categories.length + vectors.length) * Integer.BYTES;
  }

  /** Lays trees out and checks them on the way. */
  private static final class Builder {
    private final int features;
    private final int outputs;
    private final boolean hasVectors;
    private final int[] nodes;
    private final int[] categories;
    private final float[] vectors;
    private int nodeCount;
    private int categoryCount;
    private int vectorCount;

    Builder(List<RawTree> trees, int features, int outputs, boolean hasVectors) {
      this.features = Math.min(features, FEATURE); // one number is left for leaves
      this.outputs = outputs;
      this.hasVectors = hasVectors;
      this.nodes = new int[room(trees.stream().mapToLong(RawTree::size).sum() * NODE)];
      this.categories =
          new int[room(trees.stream().mapToLong(t -> t.categories().values().length).sum())];
      long values = trees.stream().mapToLong(t -> t.leaves().values().length).sum();
      this.vectors = new float[hasVectors ? room(values) : 0];
    }

    private static int room(long ints) {
      if (ints > Integer.MAX_VALUE - 8) {
        throw new MalformedModelException("it has more nodes than fit into one array");
      }
      return (int) ints;
    }

    /** Lays {@code tree} out and returns how many steps it is to its deepest leaf. */
    int add(RawTree tree, float weight) {
      if (hasVectors && tree.leaves().size() != outputs) {
        throw new MalformedModelException(
            "has leaves of %d numbers, the model %d outputs"
                .formatted(tree.leaves().size(), outputs));
      }
      var categoryEntry = categoryEntries(tree);
      // Level by level: queue holds the file's number of each node that has a place.
      var queue = new int[tree.size()];
      var isPlaced = new boolean[tree.size()];
      isPlaced[0] = true;
      int first = nodeCount;
      int placed = 1;
      int levels = 0;
      int endOfLevel = 1;
      for (int i = 0; i < placed; i++) {
        if (i == endOfLevel) {
          levels++;
          endOfLevel = placed;
        }
        int node = queue[i];
        int at = first + i * NODE;
        if (tree.left()[node] == -1) {
          nodes[at] = FEATURE | DEFAULT_LEFT;
          nodes[at + LEFT] = at;
          nodes[at + LEAF_VALUE] = leafValue(tree, node, weight);
          continue;
        }
        nodes[at] = feature(tree, node) | (tree.defaultLeft()[node] != 0 ? DEFAULT_LEFT : 0);
        nodes[at + SPLIT_VALUE] = Float.floatToRawIntBits(tree.condition()[node]);
        nodes[at + LEFT] = first + placed * NODE;
        if (categoryEntry[node] != 0) {
          addCategories(tree.categories(), categoryEntry[node] - 1, at);
        }
        queue[placed++] = child(tree.left()[node], isPlaced);
        queue[placed++] = child(tree.right()[node], isPlaced);
      }
      nodeCount = first + placed * NODE;
      return levels;
    }

    private static int child(int node, boolean[] isPlaced) {
      if (node < 0 || node >= isPlaced.length) {
        throw new MalformedModelException("has a child %d that is no node".formatted(node));
      }
      if (isPlaced[node]) {
        throw new MalformedModelException("reaches node %d in two ways".formatted(node));
      }
      isPlaced[node] = true;
      return node;
    }

    private int feature(RawTree tree, int node) {
      int feature = tree.feature()[node];
      if (feature < 0 || feature >= features) {
        throw new MalformedModelException(
            "splits on feature %d, the model has %d".formatted(feature, features));
      }
      return feature;
    }

    private int leafValue(RawTree tree, int node, float weight) {
      if (!hasVectors) {
        return Float.floatToRawIntBits(tree.condition()[node] * weight);
      }
      long index = tree.leaves().byLeaf() ? tree.right()[node] : node;
      var values = tree.leaves().values();
      if (index < 0
          || (index + 1) * outputs > values.length
          || vectorCount + outputs > vectors.length) {
        throw new MalformedModelException("has a leaf %d that has no values".formatted(index));
      }
      int at = vectorCount;
      for (int k = 0; k < outputs; k++) {
        vectors[vectorCount++] = values[(int) index * outputs + k] * weight;
      }
      return at;
    }

    /** Returns, for each node, its entry among the tree's category splits plus 1, or 0. */
    private static int[] categoryEntries(RawTree tree) {
      var entries = new int[tree.size()];
      var splits = tree.categories().nodes();
      for (int i = 0; i < splits.length; i++) {
        if (splits[i] < 0 || splits[i] >= entries.length || entries[splits[i]] != 0) {
          throw new MalformedModelException("has categories for node %d".formatted(splits[i]));
        }
        entries[splits[i]] = i + 1;
      }
      return entries;
    }

    private void addCategories(RawTree.Categories splits, int entry, int at) {
      int start = splits.starts()[entry];
      int size = splits.sizes()[entry];
      if (start < 0 || size <= 0 || size > splits.values().length - start) {
        throw new MalformedModelException("has a category split without its categories");
      }
      if (size > categories.length - categoryCount) {
        throw new MalformedModelException("has category splits that share categories");
      }
      System.arraycopy(splits.values(), start, categories, categoryCount, size);
      Arrays.sort(categories, categoryCount, categoryCount + size);
      nodes[at] |= ON_CATEGORIES;
      nodes[at + SPLIT_VALUE] = categoryCount;
      nodes[at + CATEGORIES] = size;
      categoryCount += size;
    }
  }
}
