package dev.berth.runtime.embedded.tree.xgboost;

/** What adds a row's margins up: trees or weights. Immutable; many threads at a time. */
interface Margins {

  /**
   * Adds to the margins of {@code rowCount} rows.
   *
   * @param rows float32 values; row {@code r} begins at {@code from + r * columns}
   * @param margins {@code rowCount * outputs} values
   */
  void add(float[] rows, int from, int rowCount, int columns, float[] margins);

  /** Returns the bytes of heap it holds. */
  long memoryBytes();
}
