package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.util.Arrays;
import java.util.List;

/**
 * What a model file says, whatever its format; unchecked but for what the types hold.
 *
 * @param objective xgboost's name of it, {@code binary:logistic}
 * @param features columns trained on
 * @param outputs margins per row: classes, targets or quantiles
 * @param baseScores the intercept on the predictions' scale, one or as many as {@code outputs}
 * @param learner trees or weights
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared nor changed
record Booster(String objective, int features, int outputs, float[] baseScores, Learner learner) {

  /** More than any model has, and few enough for a row of margins to be small. */
  private static final int MAX_OUTPUTS = 1 << 16;

  Booster {
    if (features < 0) {
      throw new MalformedModelException("its num_feature is negative or too large");
    }
    if (outputs < 1 || outputs > MAX_OUTPUTS) {
      throw new MalformedModelException("it has %d outputs per row".formatted(outputs));
    }
    if (baseScores.length != 1 && baseScores.length != outputs) {
      throw new MalformedModelException(
          "it has %d base scores for %d outputs".formatted(baseScores.length, outputs));
    }
  }

  /** What makes a margin of a row. */
  sealed interface Learner {

    /**
     * Trees, in the order they were grown.
     *
     * @param outputOf which output each tree adds to
     * @param weights what dart multiplies each tree with; empty where it is 1 for all
     * @param parallel trees grown side by side in one round, for each output
     */
    record Trees(List<RawTree> trees, int[] outputOf, float[] weights, int parallel)
        implements Learner {
      public Trees {
        if (outputOf.length != trees.size()) {
          throw new MalformedModelException("its tree_info does not fit its trees");
        }
        if (weights.length != 0 && weights.length != trees.size()) {
          throw new MalformedModelException("its weight_drop does not fit its trees");
        }
      }

      /**
       * Returns the trees to use where training stopped early. xgboost 1.x stored the count as
       * {@code best_ntree_limit}, and AWS's container of that time predicts with it; since 2.0 it
       * is not stored and all trees are used.
       *
       * @param limit the stored count, per output; 0 for all
       */
      Trees upTo(int limit, int outputs) {
        long rounds = limit / Math.max(parallel, 1);
        long used = rounds * Math.max(parallel, 1) * outputs;
        if (limit <= 0 || used <= 0 || used >= trees.size()) {
          return this;
        }
        int count = (int) used;
        return new Trees(
            trees.subList(0, count),
            Arrays.copyOf(outputOf, count),
            weights.length == 0 ? weights : Arrays.copyOf(weights, count),
            parallel);
      }
    }

    /** Weights of gblinear, {@code [features + 1, outputs]}; the last row is the bias. */
    record Weights(float[] values) implements Learner {}
  }
}
