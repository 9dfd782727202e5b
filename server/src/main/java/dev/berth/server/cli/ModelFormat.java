package dev.berth.server.cli;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** A model file format that the embedded runtime reads, and the image that asks for it. */
enum ModelFormat {
  XGBOOST,
  ONNX,
  LIGHTGBM;

  /** Returns the image whose models are of this format. */
  String image() {
    return "berth/" + name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the format that file names give away, or empty if they don't or give away several.
   *
   * @param names paths of the files of one model
   */
  static Optional<ModelFormat> guess(Collection<String> names) {
    var formats =
        names.stream().map(ModelFormat::guess).flatMap(Optional::stream).distinct().toList();
    return formats.size() == 1 ? Optional.of(formats.getFirst()) : Optional.empty();
  }

  private static Optional<ModelFormat> guess(String name) {
    var file = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    if (file.endsWith(".onnx")) {
      return Optional.of(ONNX);
    }
    if (file.startsWith("xgboost-model") || file.endsWith(".ubj") || file.endsWith(".xgb")) {
      return Optional.of(XGBOOST);
    }
    if (file.endsWith(".lgb") || file.startsWith("lightgbm") || file.equals("model.txt")) {
      return Optional.of(LIGHTGBM);
    }
    return Optional.empty();
  }
}
