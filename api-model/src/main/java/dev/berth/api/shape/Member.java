package dev.berth.api.shape;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One member of a structure: its wire name, whether it must be there, and its shape. */
public final class Member {
  private final String name;
  private final boolean isRequired;
  private final @Nullable Shape known;
  private final @Nullable Supplier<Shape> later;

  private Member(
      String name, boolean isRequired, @Nullable Shape known, @Nullable Supplier<Shape> later) {
    this.name = name;
    this.isRequired = isRequired;
    this.known = known;
    this.later = later;
  }

  /** Returns a member that must be there. */
  public static Member required(String name, Shape shape) {
    return new Member(name, true, shape, null);
  }

  /** Returns a member that may be absent. */
  public static Member optional(String name, Shape shape) {
    return new Member(name, false, shape, null);
  }

  /** As {@link #required(String, Shape)}, for a shape that contains itself. */
  public static Member required(String name, Supplier<Shape> shape) {
    return new Member(name, true, null, shape);
  }

  /** As {@link #optional(String, Shape)}, for a shape that contains itself. */
  public static Member optional(String name, Supplier<Shape> shape) {
    return new Member(name, false, null, shape);
  }

  /** Returns the wire name, such as {@code ModelName}. */
  public String name() {
    return name;
  }

  public boolean isRequired() {
    return isRequired;
  }

  /** Returns what the model says of its value. */
  public Shape shape() {
    if (known != null) {
      return known;
    }
    if (later != null) {
      return later.get();
    }
    throw new IllegalStateException("member '%s' has no shape".formatted(name));
  }
}
