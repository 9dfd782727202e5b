package dev.berth.runtime.embedded;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** Model directories among the test resources. */
public final class Fixtures {
  private Fixtures() {}

  /** Returns the directory of an ONNX model that {@code make_onnx_models.py} wrote. */
  public static Path onnx(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(Fixtures.class.getResource("/onnx/" + name), name).toURI());
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
