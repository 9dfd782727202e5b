package dev.berth.generator;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One shape as the model states it.
 *
 * @param type the model's word: {@code structure}, {@code list}, {@code map}, {@code string}, …
 * @param members of a structure: member name to shape name
 * @param required of a structure: members that must be there
 * @param member of a list: shape name of its elements
 * @param key of a map: shape name of its keys
 * @param value of a map: shape name of its values
 * @param values of a string: the only texts allowed, or empty
 * @param pattern of a string: regular expression for the whole text
 * @param min least length, size or value, as the model writes it
 * @param max greatest length, size or value
 */
record ApiShape(
    String name,
    String type,
    Map<String, String> members,
    Set<String> required,
    @Nullable String member,
    @Nullable String key,
    @Nullable String value,
    List<String> values,
    @Nullable String pattern,
    @Nullable String min,
    @Nullable String max,
    boolean isSensitive,
    boolean isException) {

  /** An enum with more values than this stays a text: nobody switches over instance types. */
  private static final int MAX_ENUM_CONSTANTS = 100;

  /** Returns the names of the shapes this one is made of. */
  Stream<String> targets() {
    return Stream.concat(members.values().stream(), Stream.of(member, key, value))
        .mapMulti((target, sink) -> {
          if (target != null) {
            sink.accept(target);
          }
        });
  }

  boolean isStructure() {
    return type.equals("structure");
  }

  /** Returns whether this becomes a Java enum. */
  boolean isEnum() {
    return type.equals("string") && !values.isEmpty() && values.size() <= MAX_ENUM_CONSTANTS;
  }

  /** Returns whether this is a constant of the service's {@code Scalars}. */
  boolean isScalar() {
    return !isEnum() && !isStructure() && !type.equals("list") && !type.equals("map");
  }
}
