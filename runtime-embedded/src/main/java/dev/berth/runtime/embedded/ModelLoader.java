package dev.berth.runtime.embedded;

import dev.berth.runtime.embedded.onnx.OnnxModels;
import dev.berth.runtime.embedded.serving.ServedModel;
import dev.berth.runtime.embedded.serving.TabularServing;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.lightgbm.LightgbmModels;
import dev.berth.runtime.embedded.tree.xgboost.XgboostModels;
import java.nio.file.Path;
import java.util.Map;

/** Turns staged model data into a model that answers. Many threads at a time. */
@FunctionalInterface
interface ModelLoader {

  /**
   * Returns the model in {@code directory}; the caller closes it.
   *
   * @param environment the container's variables
   * @throws ModelLoadException if there is none or it can't be run, in words for the model's owner
   */
  ServedModel load(EmbeddedImage image, Path directory, Map<String, String> environment);

  /** Returns the loader of every format this runtime knows. */
  static ModelLoader ofAllFormats() {
    return (image, directory, environment) ->
        switch (image.format()) {
          case XGBOOST -> xgboost(image, directory, environment);
          case LIGHTGBM -> new TabularServing(LightgbmModels.load(directory), environment, false);
          case ONNX -> OnnxModels.load(directory, environment.containsKey("SAGEMAKER_MULTI_MODEL"));
        };
  }

  private static ServedModel xgboost(
      EmbeddedImage image, Path directory, Map<String, String> environment) {
    String script = environment.getOrDefault("SAGEMAKER_PROGRAM", "");
    if (!script.isEmpty()) {
      throw new ModelLoadException(
          "the model is served by its own script (SAGEMAKER_PROGRAM is '%s'), which needs Python: it takes the docker runtime, or a model without the script"
              .formatted(script));
    }
    return new TabularServing(
        XgboostModels.load(directory, environment), environment, image.shiftsOneBasedIndices());
  }
}
