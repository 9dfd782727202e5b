package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;

/**
 * One tree as its file has it: parallel arrays over nodes, node 0 the root, unchecked but for their
 * lengths. {@link Forest} checks the rest.
 *
 * @param left left children; -1 marks a leaf
 * @param right right children; of a leaf with a vector it may be the vector's index
 * @param feature features that nodes split on
 * @param condition split values, or the leaf's own value
 * @param defaultLeft 1 where a missing value goes left
 * @param categories the splits on categories, none in most trees
 * @param leaves what leaves hold where it is not a single number
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared nor changed
record RawTree(
    int[] left,
    int[] right,
    int[] feature,
    float[] condition,
    int[] defaultLeft,
    Categories categories,
    LeafVectors leaves) {

  /**
   * Splits on sets of categories: a value in the set goes right. Entry {@code i} is about node
   * {@code nodes[i]}, with {@code sizes[i]} of {@code values} from {@code starts[i]}.
   */
  record Categories(int[] nodes, int[] starts, int[] sizes, int[] values) {
    static final Categories NONE = new Categories(new int[0], new int[0], new int[0], new int[0]);

    Categories {
      if (starts.length != nodes.length || sizes.length != nodes.length) {
        throw new MalformedModelException("a tree's lists of category splits differ in length");
      }
    }
  }

  /**
   * Leaves of {@code size} numbers each, {@code size} of 1 for plain leaves.
   *
   * @param byLeaf whether {@code values} is indexed by the leaf's own number, kept where its right
   *     child would be (xgboost 3.1 and later), and not by node
   */
  record LeafVectors(int size, boolean byLeaf, float[] values) {
    static final LeafVectors NONE = new LeafVectors(1, false, new float[0]);
  }

  RawTree {
    int nodes = left.length;
    if (nodes == 0) {
      throw new MalformedModelException("a tree has no nodes");
    }
    if (right.length != nodes
        || feature.length != nodes
        || condition.length != nodes
        || defaultLeft.length != nodes) {
      throw new MalformedModelException("a tree's lists of nodes differ in length");
    }
  }

  int size() {
    return left.length;
  }
}
