package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.util.Arrays;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/** One model, evaluated in Java: float64 comparisons and sums in LightGBM's order. */
final class LightgbmModel implements TabularModel {
  private static final int BLOCK_ROWS = 64;

  /** More than any model has, and few enough for a row of scores to be small. */
  private static final int MAX_OUTPUTS = 1 << 16;

  private final String name;
  private final Link link;
  private final int features;
  private final int outputs;
  private final double scale;
  private final long memoryBytes;
  private volatile Tree @Nullable [] trees;

  LightgbmModel(ModelText text) {
    var header = text.header();
    var objective = header.has("objective") ? header.text("objective") : "custom";
    this.link = Link.of(objective);
    this.name = new StringTokenizer(objective).nextToken();
    int lastFeature = header.integer("max_feature_idx");
    if (lastFeature < 0 || lastFeature == Integer.MAX_VALUE) {
      throw new MalformedModelException("its max_feature_idx is %d".formatted(lastFeature));
    }
    this.features = lastFeature + 1;
    this.outputs = header.integer("num_tree_per_iteration", header.integer("num_class", 1));
    if (outputs < 1 || outputs > MAX_OUTPUTS || text.trees().size() % outputs != 0) {
      throw new MalformedModelException(
          "it has %d trees for %d outputs".formatted(text.trees().size(), outputs));
    }
    int rounds = text.trees().size() / outputs;
    this.scale = text.averages() && rounds > 0 ? rounds : 1;
    var grown = new Tree[text.trees().size()];
    for (int t = 0; t < grown.length; t++) {
      try {
        grown[t] = new Tree(text.trees().get(t), features);
      } catch (MalformedModelException e) {
        throw new MalformedModelException("in tree %d, %s".formatted(t, e.getMessage()), e);
      }
    }
    this.trees = grown;
    this.memoryBytes = Arrays.stream(grown).mapToLong(Tree::memoryBytes).sum();
  }

  @Override
  public int features() {
    return features;
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public String objective() {
    return name;
  }

  @Override
  public void predict(float[] rows, int rowCount, int columns, float[] out) {
    TabularModel.checkLengths(rows, rowCount, columns, out, outputs);
    var forest = trees;
    if (forest == null) {
      throw new IllegalStateException("the model is closed");
    }
    var scores = new double[Math.min(rowCount, BLOCK_ROWS) * outputs];
    for (int first = 0; first < rowCount; first += BLOCK_ROWS) {
      int count = Math.min(rowCount - first, BLOCK_ROWS);
      Arrays.fill(scores, 0);
      // Tree by tree, not row by row: a tree stays in the cache while the rows pass through it.
      for (int t = 0; t < forest.length; t++) {
        for (int r = 0; r < count; r++) {
          scores[r * outputs + t % outputs] +=
              forest[t].predict(rows, (first + r) * columns, columns);
        }
      }
      for (int i = 0; i < count * outputs; i++) {
        scores[i] /= scale;
      }
      for (int r = 0; r < count; r++) {
        link.transform(scores, r * outputs, outputs, out, (first + r) * outputs);
      }
    }
  }

  @Override
  public long memoryBytes() {
    return trees == null ? 0 : memoryBytes;
  }

  @Override
  public void close() {
    trees = null;
  }
}
