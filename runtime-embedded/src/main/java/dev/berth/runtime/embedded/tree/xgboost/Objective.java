package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;

/**
 * How an objective's margins become predictions, and base scores margins: xgboost's {@code
 * PredTransform} and {@code ProbToMargin}, in float32.
 */
enum Objective {
  /** Predictions are margins. */
  IDENTITY,
  /** Predictions are probabilities or shares; base scores too. */
  LOGISTIC,
  /** Predictions are positive, on a log scale inside; base scores too. */
  EXPONENTIAL,
  /** Predictions are 0 or 1. */
  HINGE,
  /** One probability per class. */
  SOFTMAX,
  /** The likeliest class's number, the lowest of several. */
  BEST_CLASS;

  /** A margin past which {@code exp} would overflow float32. */
  private static final float LARGEST_EXPONENT = 88.7f;

  /**
   * Returns how {@code name}, an objective of xgboost 0.90 to 3.2, works.
   *
   * @throws MalformedModelException if it is unknown
   */
  static Objective of(String name) {
    return switch (name) {
      case "reg:squarederror",
          "reg:linear",
          "reg:squaredlogerror",
          "reg:absoluteerror",
          "reg:pseudohubererror",
          "reg:quantileerror",
          "binary:logitraw",
          "rank:pairwise",
          "rank:ndcg",
          "rank:map" ->
          IDENTITY;
      case "reg:logistic", "binary:logistic" -> LOGISTIC;
      case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft" ->
          EXPONENTIAL;
      case "binary:hinge" -> HINGE;
      case "multi:softprob" -> SOFTMAX;
      case "multi:softmax" -> BEST_CLASS;
      default ->
          throw new MalformedModelException(
              "its objective '%s' is unknown; save it with one of xgboost's own objectives"
                  .formatted(name));
    };
  }

  /** Returns how many predictions {@code margins} margins give. */
  int predictions(int margins) {
    return this == BEST_CLASS ? 1 : margins;
  }

  /** Returns the margin that predicts {@code score}. */
  float toMargin(float score) {
    return switch (this) {
      case LOGISTIC -> (float) -Math.log(1.0f / score - 1.0f);
      case EXPONENTIAL -> (float) Math.log(score);
      case IDENTITY, HINGE, SOFTMAX, BEST_CLASS -> score;
    };
  }

  /** Writes the predictions of {@code count} margins of one row; in place if need be. */
  void transform(float[] margins, int from, int count, float[] out, int to) {
    switch (this) {
      case IDENTITY -> System.arraycopy(margins, from, out, to, count);
      case LOGISTIC -> {
        for (int i = 0; i < count; i++) {
          out[to + i] = sigmoid(margins[from + i]);
        }
      }
      case EXPONENTIAL -> {
        for (int i = 0; i < count; i++) {
          out[to + i] = (float) Math.exp(margins[from + i]);
        }
      }
      case HINGE -> {
        for (int i = 0; i < count; i++) {
          out[to + i] = margins[from + i] > 0 ? 1 : 0;
        }
      }
      case SOFTMAX -> softmax(margins, from, count, out, to);
      case BEST_CLASS -> out[to] = best(margins, from, count);
    }
  }

  private static float sigmoid(float margin) {
    return 1.0f / ((float) Math.exp(Math.min(-margin, LARGEST_EXPONENT)) + 1.0f);
  }

  private static void softmax(float[] margins, int from, int count, float[] out, int to) {
    float largest = margins[from + best(margins, from, count)];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      float exponential = (float) Math.exp(margins[from + i] - largest);
      out[to + i] = exponential;
      sum += exponential;
    }
    for (int i = 0; i < count; i++) {
      out[to + i] /= (float) sum;
    }
  }

  private static int best(float[] margins, int from, int count) {
    int best = 0;
    for (int i = 1; i < count; i++) {
      if (margins[from + i] > margins[from + best]) {
        best = i;
      }
    }
    return best;
  }
}
