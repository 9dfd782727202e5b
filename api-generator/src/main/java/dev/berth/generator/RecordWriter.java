package dev.berth.generator;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.lang.model.element.Modifier;

/** Writes a structure as an immutable record with a builder and its constraint table. */
final class RecordWriter {
  private final ApiModel model;
  private final JavaTypes types;

  RecordWriter(ApiModel model, JavaTypes types) {
    this.model = model;
    this.types = types;
  }

  TypeSpec write(ApiShape shape) {
    ClassName self = types.named(shape.name());
    ClassName builder = self.nestedClass("Builder");
    List<Component> components = new ArrayList<>();
    for (Map.Entry<String, String> member : shape.members().entrySet()) {
      ApiShape target = model.shape(member.getValue());
      components.add(
          new Component(
              member.getKey(),
              Names.component(member.getKey()),
              target,
              types.of(target),
              shape.required().contains(member.getKey())));
    }
    MethodSpec.Builder parameters = MethodSpec.constructorBuilder();
    components.forEach(c -> parameters.addParameter(c.nullableParameter()));
    TypeSpec.Builder record =
        TypeSpec.recordBuilder(shape.name())
            .addModifiers(Modifier.PUBLIC)
            .addSuperinterface(JavaTypes.STRUCTURE)
            .recordConstructor(parameters.build())
            .addJavadoc(javadoc(shape, components))
            .addField(table(shape, self, components));
    copies(components).ifPresent(code -> record.addMethod(compact(code)));
    return record
        .addMethod(of(self, components))
        .addMethod(toDocument(components))
        .addMethod(builderMethod(builder))
        .addMethod(toBuilder(builder, components))
        .addType(builder(self, builder, components))
        .build();
  }

  private CodeBlock javadoc(ApiShape shape, List<Component> components) {
    CodeBlock.Builder text =
        CodeBlock.builder()
            .add(
                "Structure {@code $L} of $L $L; an absent member is null.\n",
                shape.name(),
                model.metadata("serviceId"),
                model.metadata("apiVersion"));
    if (!components.isEmpty()) {
      text.add("\n");
    }
    for (Component c : components) {
      text.add(
          "@param $L {@code $L}, shape {@code $L}$L\n",
          c.name(),
          c.wireName(),
          c.shape().name(),
          c.isRequired() ? "; required" : "");
    }
    return text.build();
  }

  private FieldSpec table(ApiShape shape, ClassName self, List<Component> components) {
    CodeBlock.Builder value =
        CodeBlock.builder()
            .add("new $T<>($S, $T::of", JavaTypes.STRUCTURE_SHAPE, shape.name(), self);
    boolean recursive = model.isRecursive(shape);
    for (Component c : components) {
      value.add(
          recursive ? ",\n$T.$L($S, () -> $L)" : ",\n$T.$L($S, $L)",
          JavaTypes.MEMBER,
          c.isRequired() ? "required" : "optional",
          c.wireName(),
          types.table(c.shape()));
    }
    return FieldSpec.builder(
            ParameterizedTypeName.get(JavaTypes.STRUCTURE_SHAPE, self),
            "SHAPE",
            Modifier.PUBLIC,
            Modifier.STATIC,
            Modifier.FINAL)
        .addJavadoc("Members and constraints, and how a document becomes this record.\n")
        .initializer(value.add(")").build())
        .build();
  }

  private static Optional<CodeBlock> copies(List<Component> components) {
    CodeBlock.Builder code = CodeBlock.builder();
    for (Component c : components) {
      if (c.shape().type().equals("list") || c.shape().type().equals("map")) {
        code.addStatement("$1L = $2T.$3L($1L)", c.name(), JavaTypes.COPIES, c.shape().type());
      }
    }
    return code.isEmpty() ? Optional.empty() : Optional.of(code.build());
  }

  private static MethodSpec compact(CodeBlock copies) {
    return MethodSpec.compactConstructorBuilder()
        .addModifiers(Modifier.PUBLIC)
        .addCode(copies)
        .build();
  }

  private MethodSpec of(ClassName self, List<Component> components) {
    CodeBlock arguments = components.stream().map(this::read).collect(CodeBlock.joining(",\n"));
    return MethodSpec.methodBuilder("of")
        .addJavadoc(
            "Returns the record of {@code document}; members it does not know are left out.\n")
        .addModifiers(Modifier.PUBLIC, Modifier.STATIC)
        .returns(self)
        .addParameter(JavaTypes.DOCUMENT, "document")
        .addStatement("return new $T($L)", self, arguments)
        .build();
  }

  /** A scalar is a cast: a lambda for each of hundreds of members would slow the first calls. */
  private CodeBlock read(Component c) {
    return c.shape().isScalar()
        ? CodeBlock.of("($T) document.value($S)", c.type(), c.wireName())
        : CodeBlock.of(
            "document.get($S, v -> $L)", c.wireName(), types.fromDocument(c.shape(), "v"));
  }

  private static MethodSpec toDocument(List<Component> components) {
    CodeBlock.Builder code = CodeBlock.builder().add("return $T.builder()", JavaTypes.DOCUMENT);
    components.forEach(c -> code.add("\n.put($S, $L)", c.wireName(), c.name()));
    return MethodSpec.methodBuilder("toDocument")
        .addAnnotation(Override.class)
        .addModifiers(Modifier.PUBLIC)
        .returns(JavaTypes.DOCUMENT)
        .addStatement(code.add("\n.build()").build())
        .build();
  }

  private static MethodSpec builderMethod(ClassName builder) {
    return MethodSpec.methodBuilder("builder")
        .addJavadoc("Returns a builder with every member absent.\n")
        .addModifiers(Modifier.PUBLIC, Modifier.STATIC)
        .returns(builder)
        .addStatement("return new $T()", builder)
        .build();
  }

  private static MethodSpec toBuilder(ClassName builder, List<Component> components) {
    CodeBlock.Builder code = CodeBlock.builder().add("return new $T()", builder);
    components.forEach(c -> code.add("\n.$1L($1L)", c.name()));
    return MethodSpec.methodBuilder("toBuilder")
        .addJavadoc("Returns a builder with this record's members.\n")
        .addModifiers(Modifier.PUBLIC)
        .returns(builder)
        .addStatement(code.build())
        .build();
  }

  private static TypeSpec builder(ClassName self, ClassName builder, List<Component> components) {
    TypeSpec.Builder type =
        TypeSpec.classBuilder(builder)
            .addJavadoc("Builds a {@link $T}. One thread at a time.\n", self)
            .addModifiers(Modifier.PUBLIC, Modifier.STATIC, Modifier.FINAL);
    for (Component c : components) {
      type.addField(c.type().annotated(JavaTypes.nullable()), c.name(), Modifier.PRIVATE);
    }
    type.addMethod(MethodSpec.constructorBuilder().addModifiers(Modifier.PRIVATE).build());
    for (Component c : components) {
      type.addMethod(
          MethodSpec.methodBuilder(c.name())
              .addJavadoc("Sets {@code $L}; null for absent.\n", c.wireName())
              .addModifiers(Modifier.PUBLIC)
              .returns(builder)
              .addParameter(c.nullableParameter())
              .addStatement("this.$1L = $1L", c.name())
              .addStatement("return this")
              .build());
    }
    CodeBlock arguments =
        components.stream().map(c -> CodeBlock.of("$L", c.name())).collect(CodeBlock.joining(", "));
    return type.addMethod(
            MethodSpec.methodBuilder("build")
                .addJavadoc("Returns the record.\n")
                .addModifiers(Modifier.PUBLIC)
                .returns(self)
                .addStatement("return new $T($L)", self, arguments)
                .build())
        .build();
  }

  /** A structure's member as a record's component. */
  private record Component(
      String wireName, String name, ApiShape shape, TypeName type, boolean isRequired) {
    ParameterSpec nullableParameter() {
      return ParameterSpec.builder(type.annotated(JavaTypes.nullable()), name).build();
    }
  }
}
