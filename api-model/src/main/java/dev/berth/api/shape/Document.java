package dev.berth.api.shape;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A structure between wire and record: its members by wire name, absent ones left out.
 *
 * <p>A value is a {@code String}, {@code Integer}, {@code Long}, {@code Float}, {@code Double},
 * {@code Boolean}, {@link Instant}, {@link ByteBuffer}, {@code Document}, {@code List<Object>} or
 * {@code Map<String, Object>}. Only in input that is not validated yet may a list's element or a
 * map's value be null.
 *
 * @param members wire name to value, in the order they were read or are written
 */
public record Document(Map<String, Object> members) {
  /** A structure with no member set. */
  public static final Document EMPTY = new Document(Map.of());

  public Document {
    members = Collections.unmodifiableMap(members);
  }

  /** Returns member {@code name}, or null when it is absent. */
  public @Nullable Object value(String name) {
    return members.get(name);
  }

  /** Returns member {@code name} through {@code read}, or null when it is absent. */
  public <T> @Nullable T get(String name, Function<Object, T> read) {
    Object value = members.get(name);
    return value == null ? null : read.apply(value);
  }

  /** Returns the elements of {@code list}, each through {@code read}. */
  public static <T> List<T> list(Object list, Function<Object, T> read) {
    List<?> from = (List<?>) list;
    List<T> to = new ArrayList<>(from.size());
    from.forEach(element -> to.add(read.apply(element)));
    return to;
  }

  /** Returns the entries of {@code map} in its order, through {@code key} and {@code value}. */
  public static <K, V> Map<K, V> map(
      Object map, Function<Object, K> key, Function<Object, V> value) {
    Map<K, V> to = new LinkedHashMap<>();
    ((Map<?, ?>) map).forEach((k, v) -> to.put(key.apply(k), value.apply(v)));
    return to;
  }

  /** Returns a builder with no member set. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a document from a record's components. One thread at a time. */
  public static final class Builder {
    private final Map<String, Object> members = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets a member unless {@code value} is null.
     *
     * @param value a value of a document, or a {@link Structure}, {@link WireEnum}, or lists and
     *     maps of them
     */
    public Builder put(String name, @Nullable Object value) {
      if (value != null) {
        members.put(name, plain(value));
      }
      return this;
    }

    /** Returns the document. */
    public Document build() {
      return new Document(members);
    }

    private static Object plain(Object value) {
      return switch (value) {
        case Structure structure -> structure.toDocument();
        case WireEnum constant -> constant.wire();
        case List<?> list -> list(list, Builder::plain);
        case Map<?, ?> map -> map(map, Builder::plain, Builder::plain);
        default -> value;
      };
    }
  }
}
