package dev.berth.runtime.embedded.tree.lightgbm;

import static dev.berth.runtime.embedded.tree.TreeFixtures.COLUMNS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.berth.runtime.embedded.tree.TreeFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The evaluator against Python's predictions. */
class LightgbmPredictionTest {

  @TestFactory
  Stream<DynamicTest> every_model_predicts_what_python_predicts() {
    return TreeFixtures.versions("lightgbm").stream()
        .flatMap(version ->
            TreeFixtures.cases(version).stream()
                .map(expected -> predictsAsPython(version, expected)));
  }

  private static DynamicTest predictsAsPython(Path version, TreeFixtures.Case expected) {
    return dynamicTest(
        version.getFileName() + " " + expected.name(),
        () -> {
          var file = version.resolve(expected.name() + ".txt");
          try (var model = new LightgbmModel(read(file))) {
            assertThat(model.objective()).isEqualTo(expected.objective());
            assertThat(model.features()).isEqualTo(COLUMNS);
            TreeFixtures.assertPredicts(model, expected);
          }
        });
  }

  private static ModelText read(Path file) throws IOException {
    return ModelText.read(Files.readAllBytes(file));
  }
}
