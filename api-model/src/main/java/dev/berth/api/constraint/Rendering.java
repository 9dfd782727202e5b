package dev.berth.api.constraint;

import dev.berth.api.shape.Document;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shows a value in a message as AWS does: {@code [a, b]}, {@code {k=v}}, {@code Tag(key=a)}. */
final class Rendering {
  /** Longer values are cut, in UTF-16 units: each level around a value would repeat it. */
  private static final int MAX_LENGTH = 16_384;

  private static final String HIDDEN = "***";

  private Rendering() {}

  static String of(Shape shape, @Nullable Object value) {
    StringBuilder text = new StringBuilder();
    append(text, shape, value);
    return text.length() <= MAX_LENGTH ? text.toString() : text.substring(0, MAX_LENGTH) + "…";
  }

  static String lowerFirst(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  private static void append(StringBuilder text, Shape shape, @Nullable Object value) {
    if (text.length() > MAX_LENGTH) {
      return;
    }
    if (shape.isSensitive()) {
      text.append(HIDDEN);
      return;
    }
    switch (value) {
      case null -> text.append("null");
      case Document document when shape instanceof StructureShape<?> structure ->
          structure(text, structure, document);
      case List<?> list when shape instanceof Shape.ListOf listOf -> list(text, listOf, list);
      case Map<?, ?> map when shape instanceof Shape.MapOf mapOf -> map(text, mapOf, map);
      default -> text.append(value);
    }
  }

  private static void structure(StringBuilder text, StructureShape<?> shape, Document document) {
    text.append(shape.name()).append('(');
    String separator = "";
    for (Member member : shape.members()) {
      Object value = document.value(member.name());
      if (value != null) {
        text.append(separator).append(lowerFirst(member.name())).append('=');
        append(text, member.shape(), value);
        separator = ", ";
      }
    }
    text.append(')');
  }

  private static void list(StringBuilder text, Shape.ListOf shape, List<?> list) {
    text.append('[');
    String separator = "";
    for (Object element : list) {
      append(text.append(separator), shape.member(), element);
      separator = ", ";
    }
    text.append(']');
  }

  private static void map(StringBuilder text, Shape.MapOf shape, Map<?, ?> map) {
    text.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      append(text.append(separator), shape.key(), entry.getKey());
      append(text.append('='), shape.value(), entry.getValue());
      separator = ", ";
    }
    text.append('}');
  }
}
