package dev.berth.identity.registry;

import java.net.URI;

/** What is asked in a credentials function's place. */
public sealed interface FunctionSource {

  /** An HTTP endpoint that takes a POST and answers as the function would. */
  record Url(URI url) implements FunctionSource {}

  /**
   * A command for {@code /bin/sh} that writes to standard output what the function would answer.
   */
  record Command(String line) implements FunctionSource {}

  /**
   * Reads one as it is in settings.
   *
   * @throws IllegalArgumentException when it is an URL, but not a good one
   */
  static FunctionSource parse(String text) {
    if (!text.startsWith("http://") && !text.startsWith("https://")) {
      return new Command(text);
    }
    URI url = URI.create(text);
    if (url.getHost() == null) {
      throw new IllegalArgumentException("an URL without a host");
    }
    return new Url(url);
  }
}
