package dev.berth.runtime.embedded.serving;

import dev.berth.runtime.embedded.tree.TabularModel;

/**
 * A model whose first output is the sum of a row's present values, the second its count of missing
 * ones, the third 0.25, and so on up: enough to see what reached it.
 */
final class SumModel implements TabularModel {
  private final int features;
  private final int outputs;
  private final String objective;
  private boolean isClosed;

  SumModel(int features, int outputs, String objective) {
    this.features = features;
    this.outputs = outputs;
    this.objective = objective;
  }

  @Override
  public int features() {
    return features;
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public void predict(float[] rows, int rowCount, int columns, float[] out) {
    if (isClosed) {
      throw new IllegalStateException("closed");
    }
    for (int row = 0; row < rowCount; row++) {
      float sum = 0;
      int missing = features - columns;
      for (int column = 0; column < columns; column++) {
        float value = rows[row * columns + column];
        sum += Float.isNaN(value) ? 0 : value;
        missing += Float.isNaN(value) ? 1 : 0;
      }
      for (int output = 0; output < outputs; output++) {
        out[row * outputs + output] = output == 0 ? sum : output == 1 ? missing : 0.25f;
      }
    }
  }

  @Override
  public String objective() {
    return objective;
  }

  @Override
  public long memoryBytes() {
    return 0;
  }

  @Override
  public void close() {
    isClosed = true;
  }
}
