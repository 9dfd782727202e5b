package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.TabularModel;
import java.util.Arrays;
import java.util.List;

/**
 * Several models as one, as AWS's container has them from k-fold training: the mean of their
 * predictions, or the most frequent where a prediction is a class; of equally frequent ones the
 * lowest.
 */
final class Ensemble implements TabularModel {
  private final List<TabularModel> models;
  private final boolean votes;

  /** Makes one of models with the same count of outputs, the first of which says the objective. */
  Ensemble(List<TabularModel> models) {
    this.models = List.copyOf(models);
    this.votes = List.of("multi:softmax", "binary:hinge").contains(objective());
  }

  @Override
  public int features() {
    return models.getFirst().features();
  }

  @Override
  public int outputs() {
    return models.getFirst().outputs();
  }

  @Override
  public String objective() {
    return models.getFirst().objective();
  }

  @Override
  public void predict(float[] rows, int rowCount, int columns, float[] out) {
    int values = Math.multiplyExact(rowCount, outputs());
    var predictions = new float[models.size()][values];
    for (int m = 0; m < predictions.length; m++) {
      models.get(m).predict(rows, rowCount, columns, predictions[m]);
    }
    var ofOne = new float[predictions.length];
    for (int i = 0; i < values; i++) {
      for (int m = 0; m < ofOne.length; m++) {
        ofOne[m] = predictions[m][i];
      }
      out[i] = votes ? mode(ofOne) : mean(ofOne);
    }
  }

  private static float mean(float[] values) {
    float sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static float mode(float[] values) {
    Arrays.sort(values);
    float mode = values[0];
    int most = 0;
    for (int i = 0, from = 0; i < values.length; i++) {
      if (values[i] != values[from]) {
        from = i;
      }
      if (i - from + 1 > most) {
        most = i - from + 1;
        mode = values[i];
      }
    }
    return mode;
  }

  @Override
  public long memoryBytes() {
    return models.stream().mapToLong(TabularModel::memoryBytes).sum();
  }

  @Override
  public void close() {
    models.forEach(TabularModel::close);
  }
}
