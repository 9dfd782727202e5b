package dev.berth.api.constraint;

import dev.berth.api.shape.Document;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One request's violations of its model's constraints. Missing members come first, then the others
 * in the model's order, a container before what it contains, length before pattern.
 */
public final class Constraints {
  /**
   * No more violations than this are listed: one of them can name an enum's every value, so a
   * request of a megabyte could otherwise ask for an answer of hundreds.
   */
  private static final int MAX_VIOLATIONS = 200;

  private final List<String> missing = new ArrayList<>();
  private final List<String> broken = new ArrayList<>();

  private Constraints() {}

  /**
   * Returns the message that lists every violation in {@code input}, or empty when there is none:
   * {@code 2 validation errors detected: Value 'x' at 'modelName' failed to satisfy constraint: …;
   * Value …}.
   */
  public static Optional<String> check(StructureShape<?> shape, Document input) {
    Constraints found = new Constraints();
    found.structure(shape, input, "");
    List<String> all =
        Stream.concat(found.missing.stream(), found.broken.stream()).limit(MAX_VIOLATIONS).toList();
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%d validation error%s detected: %s"
                .formatted(all.size(), all.size() == 1 ? "" : "s", String.join("; ", all)));
  }

  private void structure(StructureShape<?> shape, Document document, String path) {
    for (Member member : shape.members()) {
      String at = path + (path.isEmpty() ? "" : ".") + Rendering.lowerFirst(member.name());
      Object value = document.value(member.name());
      if (value != null) {
        check(member.shape(), value, at);
      } else if (member.isRequired()) {
        missing(at);
      }
    }
  }

  private void check(Shape shape, Object value, String path) {
    if (broken.size() >= MAX_VIOLATIONS) {
      return;
    }
    violated(shape, value).forEach(c -> broken(shown(shape, value), path, c));
    switch (shape) {
      case StructureShape<?> structure -> structure(structure, (Document) value, path);
      case Shape.ListOf list -> list(list, (List<?>) value, path);
      case Shape.MapOf map -> map(map, (Map<?, ?>) value, path);
      default -> {}
    }
  }

  private void list(Shape.ListOf shape, List<?> list, String path) {
    for (int i = 0; i < list.size(); i++) {
      element(shape.member(), list.get(i), path + "." + (i + 1) + ".member");
    }
  }

  private void element(Shape shape, @Nullable Object value, String path) {
    if (value == null) {
      missing(path);
    } else {
      check(shape, value, path);
    }
  }

  /** Texts in a map are reported once for the whole map, with all that the model asks of them. */
  private void map(Shape.MapOf shape, Map<?, ?> map, String path) {
    if (map.keySet().stream().anyMatch(key -> !violated(shape.key(), (String) key).isEmpty())) {
      broken(shown(shape, map), path, "Map keys must satisfy constraint: " + all(shape.key()));
    }
    if (shape.value() instanceof Shape.Text text) {
      if (map.values().stream().anyMatch(v -> v == null || !violated(text, v).isEmpty())) {
        broken(shown(shape, map), path, "Map value must satisfy constraint: " + all(text));
      }
    } else {
      map.forEach((key, value) -> element(shape.value(), value, path + "." + key + ".member"));
    }
  }

  private void missing(String path) {
    if (missing.size() < MAX_VIOLATIONS) {
      missing.add(failed("Value", path, "Member must not be null"));
    }
  }

  private void broken(String value, String path, String constraint) {
    broken.add(failed(value, path, constraint));
  }

  private static String shown(Shape shape, Object value) {
    return "Value '" + Rendering.of(shape, value) + "'";
  }

  private static String failed(String value, String path, String constraint) {
    return value + " at '" + path + "' failed to satisfy constraint: " + constraint;
  }

  /** Returns the constraints of {@code shape} itself that {@code value} breaks. */
  private static Set<String> violated(Shape shape, Object value) {
    Set<String> violated = new LinkedHashSet<>();
    switch (shape) {
      case Shape.Text text -> text(text, (String) value, violated);
      case Shape.Whole whole -> {
        long number = ((Number) value).longValue();
        add(violated, number > whole.max(), "Member must have value", false, whole.max());
        add(violated, number < whole.min(), "Member must have value", true, whole.min());
      }
      case Shape.Decimal decimal -> {
        double number = ((Number) value).doubleValue();
        add(violated, number > decimal.max(), "Member must have value", false, decimal.max());
        add(violated, number < decimal.min(), "Member must have value", true, decimal.min());
      }
      case Shape.Bytes bytes ->
          length(violated, ((ByteBuffer) value).remaining(), bytes.min(), bytes.max());
      case Shape.ListOf list -> length(violated, ((List<?>) value).size(), list.min(), list.max());
      case Shape.MapOf map -> length(violated, ((Map<?, ?>) value).size(), map.min(), map.max());
      case Shape.Flag _, Shape.Time _, Shape.OfStructure _ -> {}
    }
    return violated;
  }

  private static void text(Shape.Text text, String value, Set<String> violated) {
    length(violated, value.codePointCount(0, value.length()), text.min(), text.max());
    if (!text.values().isEmpty() && !text.values().contains(value)) {
      violated.add(enumConstraint(text));
    }
    if (text.pattern() != null && !text.pattern().matches(value)) {
      violated.add(patternConstraint(text));
    }
  }

  private static void length(Set<String> violated, long length, long min, long max) {
    add(violated, length > max, "Member must have length", false, max);
    add(violated, length < min, "Member must have length", true, min);
  }

  private static void add(
      Set<String> violated, boolean isViolated, String what, boolean isLeast, Number bound) {
    if (isViolated) {
      violated.add(bound(what, isLeast, bound));
    }
  }

  private static String bound(String what, boolean isLeast, Number bound) {
    double value = bound.doubleValue();
    String text =
        bound instanceof Double && value != Math.rint(value)
            ? bound.toString()
            : Long.toString(bound.longValue());
    return "%s %s than or equal to %s".formatted(what, isLeast ? "greater" : "less", text);
  }

  /** Returns every constraint of a text, as a map's violation lists them. */
  private static List<String> all(Shape.Text text) {
    List<String> all = new ArrayList<>();
    if (text.max() < Integer.MAX_VALUE) {
      all.add(bound("Member must have length", false, text.max()));
    }
    if (text.min() > 0) {
      all.add(bound("Member must have length", true, text.min()));
    }
    if (!text.values().isEmpty()) {
      all.add(enumConstraint(text));
    }
    if (text.pattern() != null) {
      all.add(patternConstraint(text));
    }
    return all.isEmpty() ? List.of("Member must not be null") : all;
  }

  private static String enumConstraint(Shape.Text text) {
    return "Member must satisfy enum value set: " + text.values();
  }

  private static String patternConstraint(Shape.Text text) {
    return "Member must satisfy regular expression pattern: " + text.pattern();
  }
}
