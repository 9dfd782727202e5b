package dev.berth.runtime.embedded.tree;

/**
 * A loaded model over rows of float32 features. Many threads at a time, also while another closes
 * it: a prediction that has begun ends as if the model were still open.
 */
public interface TabularModel extends AutoCloseable {

  /** Returns how many columns the model was trained on; 0 when its file does not say. */
  int features();

  /** Returns how many values one row gets: 1, or one per class, target or quantile. */
  int outputs();

  /**
   * Predicts {@code rowCount} rows.
   *
   * <p>{@code columns} may be fewer than {@link #features()}; the columns left out are missing.
   * More are ignored. A caller that wants either refused compares them first.
   *
   * @param rows at least {@code rowCount * columns} values, row by row; NaN is a missing value
   * @param out takes {@code rowCount * outputs()} values, row by row
   * @throws IllegalStateException if the model is closed
   * @throws IllegalArgumentException if an array is too short for the counts
   */
  void predict(float[] rows, int rowCount, int columns, float[] out);

  /**
   * Checks what a {@link #predict} is given.
   *
   * @throws IllegalArgumentException if an array is too short for the counts, or a count negative
   */
  static void checkLengths(float[] rows, int rowCount, int columns, float[] out, int outputs) {
    boolean fits =
        rowCount >= 0
            && columns >= 0
            && (long) rowCount * columns <= rows.length
            && (long) rowCount * outputs <= out.length;
    if (!fits) {
      throw new IllegalArgumentException(
          "%d rows of %d columns and %d outputs do not fit into %d and %d values"
              .formatted(rowCount, columns, outputs, rows.length, out.length));
    }
  }

  /**
   * Returns what the model was trained for, in its library's own words: {@code binary:logistic},
   * {@code multiclass}.
   */
  String objective();

  /** Returns an estimate of the memory it holds, in bytes, on the heap and off it. */
  long memoryBytes();

  /** Frees the model, after the predictions that run have ended. Closing again does nothing. */
  @Override
  void close();
}
