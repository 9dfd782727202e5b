package dev.berth.runtime.embedded.tree.xgboost;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.xgboost.Booster.Learner;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;

/**
 * Reads the binary format that xgboost wrote until 2.x ({@code .model}, {@code .bin}, {@code
 * .deprecated}): C structs in little-endian order, with or without the magic {@code binf}. Sizes
 * are of {@code learner.cc}, {@code gbtree_model.h} and {@code tree_model.h} of 1.7.
 */
final class LegacyDocument {
  private static final int NODE_BYTES = 20;
  private static final int STATISTICS_BYTES = 16;
  private static final int MAX_NAME_BYTES = 256;

  private final ByteBuffer in;

  private LegacyDocument(ByteBuffer in) {
    this.in = in;
  }

  /**
   * Returns the model in {@code bytes}, which begin after the magic.
   *
   * @throws MalformedModelException if it is no such model
   */
  static Booster read(ByteBuffer bytes) {
    try {
      return new LegacyDocument(bytes.slice().order(ByteOrder.LITTLE_ENDIAN)).booster();
    } catch (BufferUnderflowException e) {
      throw new MalformedModelException("it ends too early", e);
    }
  }

  private Booster booster() {
    float baseScore = in.getFloat();
    int features = in.getInt();
    int classes = in.getInt();
    boolean hasAttributes = in.getInt() != 0;
    skipIntegers(1); // contain_eval_metrics
    int majorVersion = in.getInt();
    skipIntegers(1); // minor_version
    int targets = in.getInt();
    skipIntegers(26); // boost_from_average and reserved
    var objective = name();
    var booster = name();
    int outputs = Math.max(1, Math.max(classes, targets));
    Learner learner =
        switch (booster) {
          case "gbtree" -> trees(false);
          case "dart" -> trees(true);
          case "gblinear" -> weights();
          default -> throw notAModel();
        };
    int limit = hasAttributes ? bestTreeLimit() : 0;
    return new Booster(
        objective,
        features,
        outputs,
        baseScores(objective, baseScore, majorVersion),
        learner instanceof Learner.Trees trees ? trees.upTo(limit, outputs) : learner);
  }

  /** Before 1.0 the base score was stored as a margin, but for classes. */
  private static float[] baseScores(String objective, float baseScore, int majorVersion) {
    var scores = new float[] {baseScore};
    if (majorVersion < 1 && !objective.startsWith("multi:")) {
      Objective.of(objective).transform(scores, 0, 1, scores, 0);
    }
    return scores;
  }

  private Learner trees(boolean isDart) {
    int count = in.getInt();
    int parallel = in.getInt();
    skipIntegers(38); // num_feature, padding, num_pbuffer, num_output_group, … and reserved
    if (count < 0) {
      throw notAModel();
    }
    var trees = new ArrayList<RawTree>();
    for (int i = 0; i < count; i++) {
      trees.add(tree());
    }
    require(count, Integer.BYTES);
    var outputOf = new int[count];
    for (int i = 0; i < count; i++) {
      outputOf[i] = in.getInt();
    }
    var dropped = isDart && count > 0 ? floats() : new float[0];
    return new Learner.Trees(trees, outputOf, dropped, parallel);
  }

  private RawTree tree() {
    skipIntegers(1); // num_roots
    int nodes = in.getInt();
    skipIntegers(3); // num_deleted, max_depth, num_feature
    int leafSize = in.getInt();
    skipIntegers(31);
    if (leafSize != 0 && leafSize != 1) {
      throw new MalformedModelException("it has trees with vectors as leaves");
    }
    require(nodes, NODE_BYTES + STATISTICS_BYTES);
    var left = new int[nodes];
    var right = new int[nodes];
    var feature = new int[nodes];
    var condition = new float[nodes];
    var defaultLeft = new int[nodes];
    for (int i = 0; i < nodes; i++) {
      skipIntegers(1); // parent
      left[i] = in.getInt();
      right[i] = in.getInt();
      int split = in.getInt();
      feature[i] = split & Integer.MAX_VALUE;
      defaultLeft[i] = split >>> 31;
      condition[i] = in.getFloat();
    }
    skipIntegers(nodes * (STATISTICS_BYTES / Integer.BYTES));
    return new RawTree(
        left,
        right,
        feature,
        condition,
        defaultLeft,
        RawTree.Categories.NONE,
        RawTree.LeafVectors.NONE);
  }

  private Learner weights() {
    skipIntegers(34);
    return new Learner.Weights(floats());
  }

  private float[] floats() {
    int count = count(Float.BYTES);
    var values = new float[count];
    in.asFloatBuffer().get(values);
    in.position(in.position() + count * Float.BYTES);
    return values;
  }

  private int bestTreeLimit() {
    int limit = 0;
    int count = count(2 * Long.BYTES);
    for (int i = 0; i < count; i++) {
      var key = text(count(1));
      var value = text(count(1));
      if (key.equals("best_ntree_limit")) {
        try {
          limit = Integer.parseInt(value.strip());
        } catch (NumberFormatException e) {
          throw new MalformedModelException("its best_ntree_limit is no number", e);
        }
      }
    }
    return limit;
  }

  private String name() {
    long length = in.getLong();
    if (length < 1 || length > MAX_NAME_BYTES) {
      throw notAModel();
    }
    require((int) length, 1);
    var name = text((int) length);
    if (!name.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw notAModel();
    }
    return name;
  }

  private String text(int length) {
    var text = new byte[length];
    in.get(text);
    return new String(text, UTF_8);
  }

  private int count(int bytesEach) {
    long count = in.getLong();
    if (count < 0 || count > in.remaining() / bytesEach) {
      throw new MalformedModelException("it ends too early, or a count in it is wrong: " + count);
    }
    return (int) count;
  }

  private void require(int count, int bytesEach) {
    if (count < 0 || count > in.remaining() / bytesEach) {
      throw new MalformedModelException("it ends too early, or a count in it is wrong: " + count);
    }
  }

  private void skipIntegers(int count) {
    require(count, Integer.BYTES);
    in.position(in.position() + count * Integer.BYTES);
  }

  private static MalformedModelException notAModel() {
    return new MalformedModelException("it is in none of the formats that xgboost writes");
  }
}
