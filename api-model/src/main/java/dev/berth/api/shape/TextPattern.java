package dev.berth.api.shape;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model's pattern, matched against whole texts in bounded time and stack.
 *
 * <p>The models' patterns are written for another engine and nested repetitions are common in them.
 * A match that reads more characters than {@link #MAX_READS}, or a text longer than {@link
 * #MAX_LENGTH}, counts as none; the longest valid value, a model card, has 100,000.
 */
public final class TextPattern {
  private static final int MAX_READS = 2_000_000;
  private static final int MAX_LENGTH = 131_072;

  private final String source;
  private volatile @Nullable Pattern compiled;

  /**
   * Compiled when first needed, so a table costs nothing until its operation is called.
   *
   * @param source regular expression as the model writes it
   */
  public TextPattern(String source) {
    this.source = source;
  }

  /** Returns the pattern as the model writes it. */
  public String source() {
    return source;
  }

  /** Returns whether the whole of {@code text} matches. */
  public boolean matches(String text) {
    if (text.length() > MAX_LENGTH) {
      return false;
    }
    try {
      return compiled().matcher(new Counted(text)).matches();
    } catch (TooManyReads | StackOverflowError _) {
      return false;
    }
  }

  private Pattern compiled() {
    Pattern pattern = compiled;
    if (pattern == null) {
      pattern = Pattern.compile(source);
      compiled = pattern;
    }
    return pattern;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TextPattern that && that.source.equals(source);
  }

  @Override
  public int hashCode() {
    return source.hashCode();
  }

  @Override
  public String toString() {
    return source;
  }

  /** A text that gives up after so many reads; backtracking is reads. */
  private static final class Counted implements CharSequence {
    private final String text;
    private int left = MAX_READS;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (--left < 0) {
        throw new TooManyReads();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private static final class TooManyReads extends RuntimeException {
    TooManyReads() {
      super("too many reads", null, false, false);
    }
  }
}
