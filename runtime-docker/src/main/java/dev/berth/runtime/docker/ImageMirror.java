package dev.berth.runtime.docker;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A rule that takes images from another registry than the one they name: ECR's, say, from one of
 * this house.
 *
 * @param pattern of whole image names; {@code *} is any run of characters without a slash, {@code
 *     **} any at all
 * @param replacement name to pull instead; {@code $1} … are what the first, second … star stood for
 */
public record ImageMirror(String pattern, String replacement) {
  private static final Pattern REFERENCE = Pattern.compile("\\$(\\d)");

  /**
   * @throws IllegalArgumentException when the replacement refers to a star that the pattern lacks
   */
  public ImageMirror {
    int stars = Math.toIntExact(Pattern.compile("\\*\\*?").matcher(pattern).results().count());
    Matcher reference = REFERENCE.matcher(replacement);
    while (reference.find()) {
      int star = Integer.parseInt(reference.group(1));
      if (star < 1 || star > stars) {
        throw new IllegalArgumentException(
            "'%s' refers to %s, but '%s' has %d stars"
                .formatted(replacement, reference.group(), pattern, stars));
      }
    }
  }

  /** Returns the image to pull in the place of {@code image}; empty when the rule isn't for it. */
  Optional<String> of(String image) {
    Matcher matcher = Pattern.compile(regex()).matcher(image);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        REFERENCE
            .matcher(replacement)
            .replaceAll(
                star -> Matcher.quoteReplacement(matcher.group(Integer.parseInt(star.group(1))))));
  }

  private String regex() {
    var regex = new StringBuilder();
    for (int at = 0; at < pattern.length(); at++) {
      if (pattern.startsWith("**", at)) {
        regex.append("(.*)");
        at++;
      } else if (pattern.charAt(at) == '*') {
        regex.append("([^/]*)");
      } else {
        regex.append(Pattern.quote(pattern.substring(at, at + 1)));
      }
    }
    return regex.toString();
  }
}
