package dev.berth.runtime.embedded.tree.xgboost;

import dev.berth.runtime.embedded.tree.ModelFiles;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Loads XGBoost models from a model directory, as AWS's XGBoost container does.
 *
 * <p>Read are JSON, UBJ and the legacy binary format of xgboost 0.90 to 3.2, and pickles of a
 * {@code Booster} alone. Evaluated, in Java, are the boosters gbtree, dart and gblinear with all of
 * xgboost's objectives, categorical splits, several targets and leaves with vectors. Refused are
 * objectives of xgboost 3.3 and later, and pickles of anything else (scikit-learn's wrappers).
 */
public final class XgboostModels {
  private static final String ENSEMBLE = "SAGEMAKER_INFERENCE_ENSEMBLE";

  private XgboostModels() {}

  /**
   * Returns the model that the files in {@code directory} hold: several are one ensemble.
   *
   * @param directory an unpacked {@code model.tar.gz}
   * @param environment the container's variables; with {@code SAGEMAKER_INFERENCE_ENSEMBLE} other
   *     than {@code true}, its default, only the first file by name is used
   * @throws ModelLoadException if a file is no XGBoost model, or there is none
   */
  public static TabularModel load(Path directory, Map<String, String> environment) {
    var files = ModelFiles.in(directory);
    if (!environment.getOrDefault(ENSEMBLE, "true").equals("true")) {
      files = files.subList(0, 1);
    }
    List<TabularModel> models = new ArrayList<>();
    for (var file : files) {
      var model = BoosterFile.load(file);
      if (!models.isEmpty() && models.getFirst().outputs() != model.outputs()) {
        throw new ModelLoadException(
            "could not make one model of '%s' and '%s': they predict %d and %d values per row; put models of one training into the archive, or set %s to false"
                .formatted(
                    files.getFirst().getFileName(),
                    file.getFileName(),
                    models.getFirst().outputs(),
                    model.outputs(),
                    ENSEMBLE));
      }
      models.add(model);
    }
    return models.size() == 1 ? models.getFirst() : new Ensemble(models);
  }
}
