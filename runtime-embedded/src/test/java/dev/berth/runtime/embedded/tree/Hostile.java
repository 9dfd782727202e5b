package dev.berth.runtime.embedded.tree;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.assertj.core.api.SoftAssertions;

/** Damages model files and looks at what comes of it. */
public final class Hostile {
  private Hostile() {}

  /** Asserts that a file cut off anywhere is refused, but for its last {@code optional} bytes. */
  public static void assertRefusesEveryPrefix(
      byte[] file, int optional, Function<byte[], TabularModel> load) {
    int step = Math.max(1, file.length / 150);
    for (int length = 0; length < file.length - optional; length += step) {
      var prefix = Arrays.copyOf(file, length);
      boolean isRefused = false;
      try {
        load.apply(prefix).close();
      } catch (ModelLoadException e) {
        isRefused = true;
      }
      assertThat(isRefused).as("refused with %d of %d bytes", length, file.length).isTrue();
    }
  }

  /** Asserts that a file with any bytes changed is refused, or predicts something. */
  public static void assertSurvivesChanges(byte[] file, Function<byte[], TabularModel> load) {
    var random = new Random(file.length);
    var rows = TreeFixtures.rows();
    var soft = new SoftAssertions();
    for (int i = 0; i < 200; i++) {
      var changed = file.clone();
      int changes = 1 + random.nextInt(3);
      for (int c = 0; c < changes; c++) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      }
      soft.assertThatCode(() -> predict(load, changed, rows))
          .satisfiesAnyOf(
              thrown -> assertThat(thrown).isNull(),
              thrown -> assertThat(thrown).isInstanceOf(ModelLoadException.class));
    }
    soft.assertAll();
  }

  private static void predict(Function<byte[], TabularModel> load, byte[] file, float[] rows) {
    try (var model = load.apply(file)) {
      TreeFixtures.predict(model, rows);
    }
  }
}
