package dev.berth.generator;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Which Java type, conversion and constraint table each shape of one model becomes. */
final class JavaTypes {
  static final ClassName SHAPE = ClassName.get("dev.berth.api.shape", "Shape");
  static final ClassName STRUCTURE_SHAPE = ClassName.get("dev.berth.api.shape", "StructureShape");
  static final ClassName STRUCTURE = ClassName.get("dev.berth.api.shape", "Structure");
  static final ClassName TEXT_PATTERN = ClassName.get("dev.berth.api.shape", "TextPattern");
  static final ClassName MEMBER = ClassName.get("dev.berth.api.shape", "Member");
  static final ClassName DOCUMENT = ClassName.get("dev.berth.api.shape", "Document");
  static final ClassName WIRE_ENUM = ClassName.get("dev.berth.api.shape", "WireEnum");
  static final ClassName NOTHING = ClassName.get("dev.berth.api.shape", "Nothing");
  static final ClassName COPIES = ClassName.get("dev.berth.api.shape", "Copies");
  static final ClassName NULLABLE = ClassName.get("org.jspecify.annotations", "Nullable");

  private final ApiModel model;
  private final String packageName;

  JavaTypes(ApiModel model, String packageName) {
    this.model = model;
    this.packageName = packageName;
  }

  static AnnotationSpec nullable() {
    return AnnotationSpec.builder(NULLABLE).build();
  }

  /** Returns the class generated for a structure, an enum or {@code Scalars}. */
  ClassName named(String simpleName) {
    return ClassName.get(packageName, simpleName);
  }

  /** Returns the type of a member of this shape. */
  TypeName of(ApiShape shape) {
    return switch (shape.type()) {
      case "structure" -> named(shape.name());
      case "list" -> ParameterizedTypeName.get(ClassName.get(List.class), of(element(shape)));
      case "map" ->
          ParameterizedTypeName.get(ClassName.get(Map.class), of(key(shape)), of(value(shape)));
      case "string" -> shape.isEnum() ? named(shape.name()) : ClassName.get(String.class);
      case "integer" -> ClassName.get(Integer.class);
      case "long" -> ClassName.get(Long.class);
      case "float" -> ClassName.get(Float.class);
      case "double" -> ClassName.get(Double.class);
      case "boolean" -> ClassName.get(Boolean.class);
      case "timestamp" -> ClassName.get(Instant.class);
      case "blob" -> ClassName.get(ByteBuffer.class);
      default -> throw unknown(shape);
    };
  }

  /** Returns code that turns the document value {@code name} into {@link #of}. */
  CodeBlock fromDocument(ApiShape shape, String name) {
    return switch (shape.type()) {
      case "structure" -> CodeBlock.of("$T.of(($T) $L)", of(shape), DOCUMENT, name);
      case "list" ->
          CodeBlock.of(
              "$T.list($L, $L -> $L)",
              DOCUMENT,
              name,
              name + "e",
              fromDocument(element(shape), name + "e"));
      case "map" ->
          CodeBlock.of(
              "$T.map($L, $L -> $L, $L -> $L)",
              DOCUMENT,
              name,
              name + "k",
              fromDocument(key(shape), name + "k"),
              name + "v",
              fromDocument(value(shape), name + "v"));
      default ->
          shape.isEnum()
              ? CodeBlock.of("$T.of(($T) $L)", of(shape), String.class, name)
              : CodeBlock.of("($T) $L", of(shape), name);
    };
  }

  /** Returns code for the shape's table: a constant, or a list or map made in place. */
  CodeBlock table(ApiShape shape) {
    return switch (shape.type()) {
      case "structure" -> CodeBlock.of("$T.SHAPE", named(shape.name()));
      case "list" ->
          CodeBlock.of(
              "new $T.ListOf($S, $L, $L)",
              SHAPE,
              shape.name(),
              table(element(shape)),
              lengths(shape));
      case "map" ->
          CodeBlock.of(
              "new $T.MapOf($S, $L, $L, $L)",
              SHAPE,
              shape.name(),
              table(key(shape)),
              table(value(shape)),
              lengths(shape));
      default ->
          shape.isEnum()
              ? CodeBlock.of("$T.SHAPE", named(shape.name()))
              : CodeBlock.of("$T.$L", named("Scalars"), Names.constant(shape.name()));
    };
  }

  /** Returns the type of a scalar's table. */
  ClassName scalarTableType(ApiShape shape) {
    return SHAPE.nestedClass(
        switch (shape.type()) {
          case "string" -> "Text";
          case "integer", "long" -> "Whole";
          case "float", "double" -> "Decimal";
          case "boolean" -> "Flag";
          case "timestamp" -> "Time";
          case "blob" -> "Bytes";
          default -> throw unknown(shape);
        });
  }

  /** Returns code that makes a scalar's table. */
  CodeBlock scalarTable(ApiShape shape) {
    ClassName type = scalarTableType(shape);
    return switch (shape.type()) {
      case "string" -> text(shape);
      case "integer", "long" ->
          CodeBlock.of(
              "new $T($S, $L, $L, $L)",
              type,
              shape.name(),
              shape.type().equals("long"),
              shape.min() == null ? "Long.MIN_VALUE" : shape.min() + "L",
              shape.max() == null ? "Long.MAX_VALUE" : shape.max() + "L");
      case "float", "double" ->
          CodeBlock.of(
              "new $T($S, $L, $L, $L)",
              type,
              shape.name(),
              shape.type().equals("double"),
              shape.min() == null ? "Double.NEGATIVE_INFINITY" : shape.min() + "d",
              shape.max() == null ? "Double.POSITIVE_INFINITY" : shape.max() + "d");
      case "blob" ->
          CodeBlock.of(
              "new $T($S, $L, $L)", type, shape.name(), lengths(shape), shape.isSensitive());
      default -> CodeBlock.of("new $T($S)", type, shape.name());
    };
  }

  /** Returns code that makes the table of a text or an enum. */
  CodeBlock text(ApiShape shape) {
    ClassName type = SHAPE.nestedClass("Text");
    CodeBlock values =
        shape.values().stream().map(v -> CodeBlock.of("$S", v)).collect(CodeBlock.joining(",$W"));
    return CodeBlock.of(
        "new $T($S, $L, $L, $L, $T.of($L))",
        type,
        shape.name(),
        lengths(shape),
        shape.pattern() == null
            ? "null"
            : CodeBlock.of("new $T($S)", TEXT_PATTERN, shape.pattern()),
        shape.isSensitive(),
        List.class,
        values);
  }

  private static String lengths(ApiShape shape) {
    return "%s, %s"
        .formatted(
            shape.min() == null ? "0" : shape.min(),
            shape.max() == null ? "Integer.MAX_VALUE" : shape.max());
  }

  private ApiShape element(ApiShape list) {
    return model.shape(Objects.requireNonNull(list.member(), list.name()));
  }

  private ApiShape key(ApiShape map) {
    return model.shape(Objects.requireNonNull(map.key(), map.name()));
  }

  private ApiShape value(ApiShape map) {
    return model.shape(Objects.requireNonNull(map.value(), map.name()));
  }

  private static IllegalArgumentException unknown(ApiShape shape) {
    return new IllegalArgumentException(
        "shape '%s' has type '%s', which the generator does not know"
            .formatted(shape.name(), shape.type()));
  }
}
