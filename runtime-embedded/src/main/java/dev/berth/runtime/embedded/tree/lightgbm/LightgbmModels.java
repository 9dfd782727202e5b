package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.nio.file.Path;

/** Loads LightGBM models from a model directory. */
public final class LightgbmModels {
  private LightgbmModels() {}

  /**
   * Returns the model that the one text file in {@code directory} holds.
   *
   * @param directory an unpacked {@code model.tar.gz}
   * @throws ModelLoadException if the file is no LightGBM model, or there is not exactly one
   */
  @SuppressWarnings("DoNotCallSuggester") // until the readers are in
  public static TabularModel load(Path directory) {
    throw new ModelLoadException(
        "could not load '%s': this build reads no LightGBM models yet".formatted(directory));
  }
}
