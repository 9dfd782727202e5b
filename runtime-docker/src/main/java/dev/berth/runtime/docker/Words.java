package dev.berth.runtime.docker;

import java.time.Duration;

/** Figures, for people. */
final class Words {
  private Words() {}

  /** Returns whole seconds where it is some, else milliseconds. */
  static String of(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() + " ms";
  }

  /** Returns at most {@code length} characters, the end where there are more. */
  static String tail(String text, int length) {
    return text.length() <= length ? text : "…" + text.substring(text.length() - length + 1);
  }
}
