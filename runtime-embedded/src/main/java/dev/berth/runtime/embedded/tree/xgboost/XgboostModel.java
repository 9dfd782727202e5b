package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.TabularModel;
import dev.berth.runtime.embedded.tree.xgboost.Booster.Learner;
import org.jspecify.annotations.Nullable;

/**
 * One booster, evaluated in Java: float32 comparisons and sums in xgboost's order, so that
 * predictions differ from the library's by the last bits of {@code exp} at most.
 */
final class XgboostModel implements TabularModel {

  /** Rows that go through a tree together: their values fit the first-level cache beside it. */
  private static final int BLOCK_ROWS = 64;

  private final String name;
  private final Objective objective;
  private final int features;
  private final float[] baseMargins;
  private volatile @Nullable Margins margins;

  XgboostModel(Booster booster) {
    this.name = booster.objective();
    this.objective = Objective.of(name);
    this.features = booster.features();
    int outputs = booster.outputs();
    this.baseMargins = new float[outputs];
    var scores = booster.baseScores();
    // gblinear of 3.1 and later stores a score for each class, and predicts with the first only.
    boolean isShared = scores.length == 1 || booster.learner() instanceof Learner.Weights;
    for (int k = 0; k < outputs; k++) {
      baseMargins[k] = objective.toMargin(scores[isShared ? 0 : k]);
    }
    this.margins =
        switch (booster.learner()) {
          case Learner.Trees trees -> new Forest(trees, features, outputs);
          case Learner.Weights(var weights) -> new LinearMargins(weights, features, outputs);
        };
  }

  @Override
  public int features() {
    return features;
  }

  @Override
  public int outputs() {
    return objective.predictions(baseMargins.length);
  }

  @Override
  public String objective() {
    return name;
  }

  @Override
  public void predict(float[] rows, int rowCount, int columns, float[] out) {
    TabularModel.checkLengths(rows, rowCount, columns, out, outputs());
    var learner = margins;
    if (learner == null) {
      throw new IllegalStateException("the model is closed");
    }
    int perRow = baseMargins.length;
    var block = new float[Math.min(rowCount, BLOCK_ROWS) * perRow];
    for (int first = 0; first < rowCount; first += BLOCK_ROWS) {
      int count = Math.min(rowCount - first, BLOCK_ROWS);
      for (int r = 0; r < count; r++) {
        System.arraycopy(baseMargins, 0, block, r * perRow, perRow);
      }
      learner.add(rows, first * columns, count, columns, block);
      for (int r = 0; r < count; r++) {
        objective.transform(block, r * perRow, perRow, out, (first + r) * outputs());
      }
    }
  }

  @Override
  public long memoryBytes() {
    var learner = margins;
    return learner == null ? 0 : learner.memoryBytes() + (long) baseMargins.length * Float.BYTES;
  }

  @Override
  public void close() {
    margins = null;
  }
}
