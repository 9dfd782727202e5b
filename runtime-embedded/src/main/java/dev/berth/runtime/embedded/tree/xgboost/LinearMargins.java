package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.MalformedModelException;

/** The weights of gblinear. A missing value adds nothing. */
final class LinearMargins implements Margins {
  private final float[] weights;
  private final int features;
  private final int outputs;

  /** Makes one of {@code [features + 1, outputs]} weights; the last row is the bias. */
  LinearMargins(float[] weights, int features, int outputs) {
    if (weights.length != (features + 1L) * outputs) {
      throw new MalformedModelException(
          "it has %d weights for %d features and %d outputs"
              .formatted(weights.length, features, outputs));
    }
    this.weights = weights;
    this.features = features;
    this.outputs = outputs;
  }

  @Override
  public void add(float[] rows, int from, int rowCount, int columns, float[] margins) {
    int used = Math.min(columns, features);
    for (int r = 0; r < rowCount; r++) {
      for (int k = 0; k < outputs; k++) {
        float sum = margins[r * outputs + k] + weights[features * outputs + k];
        for (int c = 0; c < used; c++) {
          float value = rows[from + r * columns + c];
          if (!Float.isNaN(value)) {
            sum += value * weights[c * outputs + k];
          }
        }
        margins[r * outputs + k] = sum;
      }
    }
  }

  @Override
  public long memoryBytes() {
    return (long) weights.length * Float.BYTES;
  }
}
