package dev.berth.api.conformance;

import dev.berth.api.shape.Shape;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Texts that fit, or do not fit, what a model asks of a text. */
final class Samples {
  /** One of these fits each pattern of the executed operations; the first that does is taken. */
  private static final List<String> FITTING =
      List.of(
          "berth-sample",
          "berth_sample",
          "s3://berth-sample/model.tar.gz",
          // The model's pattern of one destination forgets a plus: one character of bucket.
          "s3://b/sample",
          "text/csv",
          "/metrics",
          "arn:aws:iam::000000000000:role/berth-sample",
          "arn:aws:sagemaker:us-east-1:000000000000:model/berth-sample",
          "arn:aws:sagemaker:us-east-1:000000000000:ml-reservation/berth-sample",
          "arn:aws:sagemaker:us-east-1:000000000000:model-package/berth-sample",
          "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/berth-sample",
          "sha256:" + "0".repeat(64),
          "1.0.0",
          "arn:aws:sns:us-east-1:000000000000:berth-sample",
          "a",
          "");

  /** What most patterns refuse, most telling first. */
  private static final List<String> UNFIT =
      List.of("!unfit!", " ", "\n", "-", "bérth", "::", "unfit unfit unfit unfit !", "");

  private Samples() {}

  /**
   * Returns a text that fits {@code shape}.
   *
   * @throws IllegalStateException if none is known: the model has a new pattern
   */
  static String fitting(Shape.Text shape) {
    return Stream.concat(shape.values().stream(), FITTING.stream())
        .filter(text -> hasLength(shape, text) && matches(shape, text))
        .filter(text -> shape.values().isEmpty() || shape.values().contains(text))
        .findFirst()
        .or(() -> stretched(shape))
        .orElseThrow(() ->
            new IllegalStateException(
                "no sample fits %s, pattern %s".formatted(shape.name(), shape.pattern())));
  }

  /** Returns a text of allowed length that the pattern refuses, or empty when it takes all. */
  static Optional<String> unfit(Shape.Text shape) {
    return shape.pattern() == null
        ? Optional.empty()
        : UNFIT.stream()
            .map(text -> text.length() >= shape.min() ? text : text + "!".repeat(shape.min()))
            .filter(text -> hasLength(shape, text) && !matches(shape, text))
            .findFirst();
  }

  /** Returns a text of {@code length} that starts like one that fits. */
  static String ofLength(Shape.Text shape, int length) {
    String text = fitting(shape);
    return text.length() >= length
        ? text.substring(0, length)
        : text + "a".repeat(length - text.length());
  }

  /** Returns a text of exactly {@code length} that fits, or empty when none is known. */
  static Optional<String> fittingOfLength(Shape.Text shape, int length) {
    return Optional.of(ofLength(shape, length))
        .filter(text -> shape.values().isEmpty() && matches(shape, text));
  }

  private static Optional<String> stretched(Shape.Text shape) {
    return FITTING.stream()
        .filter(text -> text.length() < shape.min())
        .map(text -> text + "a".repeat(shape.min() - text.length()))
        .filter(text -> matches(shape, text))
        .findFirst();
  }

  private static boolean hasLength(Shape.Text shape, String text) {
    return text.length() >= shape.min() && text.length() <= shape.max();
  }

  private static boolean matches(Shape.Text shape, String text) {
    return shape.pattern() == null || shape.pattern().matches(text);
  }
}
