package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import dev.berth.runtime.embedded.tree.ModelFiles;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.nio.file.Path;
import java.util.stream.Collectors;

/**
 * Loads LightGBM models from a model directory.
 *
 * <p>Read is the text format of {@code Booster.save_model}, of LightGBM 2.2 to 4.6, with every
 * objective, boosting gbdt, dart, goss and rf, categorical splits and linear trees. Rows are
 * float32 here and float64 in LightGBM: a value within float32's rounding of a split may go the
 * other way.
 */
public final class LightgbmModels {
  private LightgbmModels() {}

  /**
   * Returns the model that the one text file in {@code directory} holds.
   *
   * @param directory an unpacked {@code model.tar.gz}
   * @throws ModelLoadException if the file is no LightGBM model, or there is not exactly one
   */
  public static TabularModel load(Path directory) {
    var files = ModelFiles.in(directory);
    if (files.size() > 1) {
      throw new ModelLoadException(
          "the model archive has %d files at its root and one LightGBM model is expected; remove all but the model: %s"
              .formatted(
                  files.size(),
                  files.stream()
                      .map(file -> file.getFileName().toString())
                      .limit(10)
                      .collect(Collectors.joining(", "))));
    }
    return load(ModelFiles.read(files.getFirst()), files.getFirst());
  }

  private static TabularModel load(byte[] bytes, Path file) {
    try {
      return new LightgbmModel(ModelText.read(bytes));
    } catch (MalformedModelException e) {
      throw new ModelLoadException(
          "could not load '%s' as a LightGBM model: %s. Save the model as text with Booster.save_model('model.txt') and pack only that file"
              .formatted(file.getFileName(), e.getMessage()),
          e);
    }
  }
}
