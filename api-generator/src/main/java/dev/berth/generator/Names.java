package dev.berth.generator;

import java.util.Locale;
import java.util.Set;
import javax.lang.model.SourceVersion;

/** The model's names in Java's conventions. */
final class Names {
  /** Names that the language forbids for record components. */
  private static final Set<String> METHODS_OF_OBJECT =
      Set.of(
          "clone", "finalize", "getClass", "hashCode", "notify", "notifyAll", "toString", "wait");

  private Names() {}

  /** Returns {@code modelName} for {@code ModelName}; a word Java keeps gets {@code Value}. */
  static String component(String member) {
    String name = Character.toLowerCase(member.charAt(0)) + member.substring(1);
    return SourceVersion.isKeyword(name) || METHODS_OF_OBJECT.contains(name)
        ? name + "Value"
        : name;
  }

  /**
   * Returns {@code IN_SERVICE} for {@code InService}, {@code ML_M5_LARGE} for {@code ml.m5.large}.
   */
  static String constant(String text) {
    String name =
        text.replaceAll("([a-z0-9])([A-Z])", "$1_$2")
            .replaceAll("([A-Z])([A-Z][a-z])", "$1_$2")
            .replaceAll("[^A-Za-z0-9]+", "_")
            .toUpperCase(Locale.ROOT);
    return Character.isDigit(name.charAt(0)) ? "_" + name : name;
  }

  /**
   * Returns {@code SageMakerRuntime} for {@code SageMaker Runtime}, {@code Sts} for {@code STS}.
   */
  static String type(String serviceId) {
    String name = serviceId.replaceAll("[^A-Za-z0-9]", "");
    return name.equals(name.toUpperCase(Locale.ROOT))
        ? name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT)
        : name;
  }
}
