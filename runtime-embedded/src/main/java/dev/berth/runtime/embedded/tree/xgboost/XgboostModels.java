package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.nio.file.Path;
import java.util.Map;

/** Loads XGBoost models from a model directory, as AWS's XGBoost container does. */
public final class XgboostModels {
  private XgboostModels() {}

  /**
   * Returns the model that the files in {@code directory} hold.
   *
   * @param directory an unpacked {@code model.tar.gz}
   * @param environment the container's variables; {@code SAGEMAKER_INFERENCE_ENSEMBLE}, {@code
   *     true} when absent, says whether several files are one ensemble or only the first is used
   * @throws ModelLoadException if a file is no XGBoost model, or there is none
   */
  @SuppressWarnings("DoNotCallSuggester") // until the readers are in
  public static TabularModel load(Path directory, Map<String, String> environment) {
    throw new ModelLoadException(
        "could not load '%s': this build reads no XGBoost models yet".formatted(directory));
  }
}
