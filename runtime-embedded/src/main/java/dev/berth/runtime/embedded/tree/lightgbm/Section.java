package dev.berth.runtime.embedded.tree.lightgbm;

import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.util.Map;
import java.util.StringTokenizer;

/** The {@code key=value} lines of a model's header or of one of its trees. */
record Section(Map<String, String> lines) {

  boolean has(String key) {
    return lines.containsKey(key);
  }

  String text(String key) {
    var text = lines.get(key);
    if (text == null) {
      throw new MalformedModelException("it has no line '%s='".formatted(key));
    }
    return text;
  }

  int integer(String key) {
    return parseInt(key, text(key).strip());
  }

  int integer(String key, int otherwise) {
    return has(key) ? integer(key) : otherwise;
  }

  /** Returns the whole numbers of a line, which must be {@code count}. */
  int[] integers(String key, int count) {
    var tokens = tokens(key, count);
    var values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = parseInt(key, tokens.nextToken());
    }
    return values;
  }

  /** Returns the numbers of a line, which must be {@code count}. */
  double[] doubles(String key, int count) {
    var tokens = tokens(key, count);
    var values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = parseDouble(key, tokens.nextToken());
    }
    return values;
  }

  private StringTokenizer tokens(String key, int count) {
    // Counted before an array is made, so that a line cannot claim more than it has.
    var tokens = new StringTokenizer(text(key), " ");
    int found = tokens.countTokens();
    if (found != count) {
      throw new MalformedModelException(
          "line '%s=' has %d numbers where %d are due".formatted(key, found, count));
    }
    return tokens;
  }

  private static int parseInt(String key, String token) {
    try {
      // Words of a bit set are unsigned.
      return token.startsWith("-") ? Integer.parseInt(token) : Integer.parseUnsignedInt(token);
    } catch (NumberFormatException e) {
      throw new MalformedModelException(
          "line '%s=' has '%s' where a whole number is due".formatted(key, token), e);
    }
  }

  private static double parseDouble(String key, String token) {
    try {
      return switch (token) {
        case "inf" -> Double.POSITIVE_INFINITY;
        case "-inf" -> Double.NEGATIVE_INFINITY;
        case "nan", "-nan" -> Double.NaN;
        default -> Double.parseDouble(token);
      };
    } catch (NumberFormatException e) {
      throw new MalformedModelException(
          "line '%s=' has '%s' where a number is due".formatted(key, token), e);
    }
  }
}
