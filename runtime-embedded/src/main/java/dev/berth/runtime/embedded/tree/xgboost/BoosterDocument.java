package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.xgboost.Booster.Learner;
import java.util.Arrays;
import java.util.List;

/**
 * The model in a JSON or UBJ document, as xgboost's {@code doc/model.schema} has it. A pickled
 * Booster wraps the same document in one that also has the configuration.
 */
final class BoosterDocument {
  private BoosterDocument() {}

  static Booster toBooster(Fields document) {
    var learner = (document.has("Model") ? document.object("Model") : document).object("learner");
    var parameters = learner.object("learner_model_param");
    int outputs =
        Math.max(
            1, Math.max(parameters.integer("num_class", 0), parameters.integer("num_target", 1)));
    return new Booster(
        learner.object("objective").text("name"),
        parameters.integer("num_feature", 0),
        outputs,
        baseScores(parameters.text("base_score")),
        learner(learner, outputs));
  }

  /** Reads {@code 5E-1}, or {@code [5E-1,2E-1]} of 3.1 and later. */
  private static float[] baseScores(String text) {
    var numbers = text.strip();
    if (numbers.startsWith("[") && numbers.endsWith("]")) {
      numbers = numbers.substring(1, numbers.length() - 1);
    }
    try {
      var parts = numbers.split(",", -1);
      var scores = new float[parts.length];
      for (int i = 0; i < parts.length; i++) {
        scores[i] = Float.parseFloat(parts[i].strip());
      }
      return scores;
    } catch (NumberFormatException e) {
      throw new MalformedModelException("its base_score '%s' is no number".formatted(text), e);
    }
  }

  private static Learner learner(Fields learner, int outputs) {
    var booster = learner.object("gradient_booster");
    int limit =
        learner.has("attributes") ? learner.object("attributes").integer("best_ntree_limit", 0) : 0;
    var name = booster.text("name");
    return switch (name) {
      case "gbtree" -> trees(booster, new float[0], limit, outputs);
      case "dart" -> trees(booster.object("gbtree"), booster.floats("weight_drop"), limit, outputs);
      case "gblinear" -> new Learner.Weights(booster.object("model").floats("weights"));
      default -> throw new MalformedModelException("its booster '%s' is unknown".formatted(name));
    };
  }

  private static Learner trees(Fields booster, float[] weights, int limit, int outputs) {
    var model = booster.object("model");
    var trees = inOrder(model.trees());
    int parallel = model.object("gbtree_model_param").integer("num_parallel_tree", 1);
    return new Learner.Trees(trees, model.integers("tree_info"), weights, parallel)
        .upTo(limit, outputs);
  }

  private static List<RawTree> inOrder(List<Fields.IndexedTree> trees) {
    var ordered = new RawTree[trees.size()];
    for (var indexed : trees) {
      if (indexed.id() < 0
          || indexed.id() >= ordered.length
          || ordered[(int) indexed.id()] != null) {
        throw new MalformedModelException("its trees' ids are not 0 to their count");
      }
      ordered[(int) indexed.id()] = indexed.tree();
    }
    return Arrays.asList(ordered);
  }
}
