package dev.berth.runtime.embedded;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A container image that this runtime stands in for.
 *
 * @param format what the image serves
 * @param tag its tag, empty when it has none
 */
record EmbeddedImage(Format format, Optional<String> tag) {
  private static final String TAG_AND_DIGEST =
      "(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@sha256:[0-9a-f]{64})?";

  /** AWS's registries: any account, any region. */
  private static final Pattern BUILT_IN =
      Pattern.compile(
          "\\d{12}\\.dkr\\.ecr(?:-fips)?\\.[a-z0-9-]+\\.amazonaws\\.com(?:\\.cn)?/"
              + "(?:sagemaker-)?xgboost"
              + TAG_AND_DIGEST);

  private static final Pattern OWN =
      Pattern.compile("berth/(?<format>xgboost|lightgbm|onnx)" + TAG_AND_DIGEST);
  private static final Pattern VERSION = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})-.*");

  /** What the runtime can load. */
  enum Format {
    XGBOOST("XGBoost"),
    LIGHTGBM("LightGBM"),
    ONNX("ONNX");

    private final String words;

    Format(String words) {
      this.words = words;
    }

    /** Its name, for people. */
    String words() {
      return words;
    }
  }

  /** Returns what {@code image} stands for, empty when this runtime doesn't know it. */
  static Optional<EmbeddedImage> of(String image) {
    Matcher builtIn = BUILT_IN.matcher(image);
    if (builtIn.matches()) {
      return Optional.of(
          new EmbeddedImage(Format.XGBOOST, Optional.ofNullable(builtIn.group("tag"))));
    }
    Matcher own = OWN.matcher(image);
    if (own.matches()) {
      Format format = Format.valueOf(own.group("format").toUpperCase(Locale.ROOT));
      return Optional.of(new EmbeddedImage(format, Optional.ofNullable(own.group("tag"))));
    }
    return Optional.empty();
  }

  /**
   * Returns whether the container counts libsvm indices from 1 when none is 0: version 3.2-0 began
   * to (aws/sagemaker-xgboost-container, change 478); before, an index is the column as it stands.
   */
  boolean shiftsOneBasedIndices() {
    Matcher version = VERSION.matcher(tag.orElse(""));
    if (format != Format.XGBOOST || !version.matches()) {
      return false;
    }
    int major = Integer.parseInt(version.group(1));
    return major > 3 || (major == 3 && Integer.parseInt(version.group(2)) >= 2);
  }
}
