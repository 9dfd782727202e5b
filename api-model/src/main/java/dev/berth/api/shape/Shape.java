package dev.berth.api.shape;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an API model says of one value: its kind and its constraints. Absent bounds are the widest
 * the type has.
 */
public sealed interface Shape {

  /** Returns the shape's name in the model, such as {@code ModelName}. */
  String name();

  /** Returns whether values must not be shown in messages. */
  default boolean isSensitive() {
    return false;
  }

  /** A structure; all that implement it are {@link StructureShape}. */
  sealed interface OfStructure extends Shape permits StructureShape {}

  /**
   * A text.
   *
   * @param min least length in characters (Unicode code points)
   * @param max greatest length in characters
   * @param pattern what the whole text must match, or null
   * @param values the only texts allowed, or empty when any is
   */
  record Text(
      String name,
      int min,
      int max,
      @Nullable TextPattern pattern,
      boolean isSensitive,
      List<String> values)
      implements Shape {}

  /**
   * An integer.
   *
   * @param isLong 64 bits; 32 otherwise
   */
  record Whole(String name, boolean isLong, long min, long max) implements Shape {}

  /**
   * A floating-point number.
   *
   * @param isDouble 64 bits; 32 otherwise
   */
  record Decimal(String name, boolean isDouble, double min, double max) implements Shape {}

  /** True or false. */
  record Flag(String name) implements Shape {}

  /** A point in time, to the millisecond. */
  record Time(String name) implements Shape {}

  /**
   * Bytes.
   *
   * @param min least size in bytes
   * @param max greatest size in bytes
   */
  record Bytes(String name, int min, int max, boolean isSensitive) implements Shape {}

  /**
   * A list.
   *
   * @param min least number of elements
   * @param max greatest number of elements
   */
  record ListOf(String name, Shape member, int min, int max) implements Shape {}

  /**
   * A map from texts.
   *
   * @param min least number of entries
   * @param max greatest number of entries
   */
  record MapOf(String name, Text key, Shape value, int min, int max) implements Shape {}
}
