package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/** How an objective's raw scores become predictions: LightGBM's {@code ConvertOutput}. */
sealed interface Link {

  /** Predictions are raw scores. */
  record Identity() implements Link {}

  /** Trained on square roots: predictions are squares, with the score's sign. */
  record SignedSquare() implements Link {}

  /** Predictions are positive. */
  record Exponential() implements Link {}

  /** One probability for each score by itself. */
  record Sigmoid(double steepness) implements Link {}

  /** Probabilities of classes, which sum to 1. */
  record Softmax() implements Link {}

  /** {@code log(1 + exp(score))}. */
  record LogOnePlusExponential() implements Link {}

  /**
   * Returns the link of the header line {@code objective=}.
   *
   * @param objective a name and parameters: {@code binary sigmoid:1}; a model trained with a
   *     function of the user's own has no such line and predicts raw scores
   * @throws MalformedModelException if the objective is unknown
   */
  static Link of(String objective) {
    List<String> words = new ArrayList<>();
    new StringTokenizer(objective).asIterator().forEachRemaining(word -> words.add((String) word));
    return switch (words.isEmpty() ? "" : words.getFirst()) {
      case "regression", "regression_l1", "huber", "fair", "quantile", "mape" ->
          words.contains("sqrt") ? new SignedSquare() : new Identity();
      case "lambdarank", "rank_xendcg", "custom", "none" -> new Identity();
      case "poisson", "gamma", "tweedie" -> new Exponential();
      case "binary", "multiclassova" -> new Sigmoid(steepness(words));
      case "cross_entropy" -> new Sigmoid(1);
      case "cross_entropy_lambda" -> new LogOnePlusExponential();
      case "multiclass" -> new Softmax();
      default ->
          throw new MalformedModelException("its objective '%s' is unknown".formatted(objective));
    };
  }

  private static double steepness(List<String> words) {
    var prefix = "sigmoid:";
    try {
      return words.stream()
          .filter(word -> word.startsWith(prefix))
          .mapToDouble(word -> Double.parseDouble(word.substring(prefix.length())))
          .findFirst()
          .orElse(1);
    } catch (NumberFormatException e) {
      throw new MalformedModelException("its objective's sigmoid is no number", e);
    }
  }

  /** Writes the predictions of {@code count} scores of one row. */
  default void transform(double[] scores, int from, int count, float[] out, int to) {
    if (this instanceof Softmax) {
      softmax(scores, from, count, out, to);
      return;
    }
    for (int i = 0; i < count; i++) {
      double score = scores[from + i];
      double prediction =
          switch (this) {
            case SignedSquare() -> Math.signum(score) * score * score;
            case Exponential() -> Math.exp(score);
            case Sigmoid(double steepness) -> 1 / (1 + Math.exp(-steepness * score));
            case LogOnePlusExponential() -> Math.log1p(Math.exp(score));
            case Identity(), Softmax() -> score;
          };
      out[to + i] = (float) prediction;
    }
  }

  private static void softmax(double[] scores, int from, int count, float[] out, int to) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, scores[from + i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(scores[from + i] - largest);
    }
    for (int i = 0; i < count; i++) {
      out[to + i] = (float) (Math.exp(scores[from + i] - largest) / sum);
    }
  }
}
