package dev.berth.api.shape;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Immutable copies for generated records; an absent collection stays null. */
public final class Copies {
  private Copies() {}

  /** Returns an unmodifiable copy of {@code list}. */
  public static <T> @Nullable List<T> list(@Nullable List<T> list) {
    return list == null ? null : List.copyOf(list);
  }

  /** Returns an unmodifiable copy of {@code map}, in its order. */
  public static <K, V> @Nullable Map<K, V> map(@Nullable Map<K, V> map) {
    return map == null ? null : Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
