package dev.berth.generator;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.TypeSpec;
import java.util.HashSet;
import java.util.Set;
import javax.lang.model.element.Modifier;

/** Writes a closed set of texts as an enum that knows its wire text. */
final class EnumWriter {
  private final ApiModel model;
  private final JavaTypes types;

  EnumWriter(ApiModel model, JavaTypes types) {
    this.model = model;
    this.types = types;
  }

  TypeSpec write(ApiShape shape) {
    ClassName self = types.named(shape.name());
    TypeSpec.Builder type =
        TypeSpec.enumBuilder(shape.name())
            .addModifiers(Modifier.PUBLIC)
            .addSuperinterface(JavaTypes.WIRE_ENUM)
            .addJavadoc(
                "Enum {@code $L} of $L $L.\n",
                shape.name(),
                model.metadata("serviceId"),
                model.metadata("apiVersion"));
    Set<String> constants = new HashSet<>();
    for (String value : shape.values()) {
      String constant = Names.constant(value);
      if (!constants.add(constant)) {
        throw new IllegalArgumentException(
            "enum '%s' has two values that become %s".formatted(shape.name(), constant));
      }
      type.addEnumConstant(
          constant,
          TypeSpec.anonymousClassBuilder("$S", value).addJavadoc("{@code $L}.\n", value).build());
    }
    return type.addField(table(shape))
        .addField(String.class, "wire", Modifier.PRIVATE, Modifier.FINAL)
        .addMethod(
            MethodSpec.constructorBuilder()
                .addParameter(String.class, "wire")
                .addStatement("this.wire = wire")
                .build())
        .addMethod(of(shape, self))
        .addMethod(
            MethodSpec.methodBuilder("wire")
                .addAnnotation(Override.class)
                .addModifiers(Modifier.PUBLIC)
                .returns(String.class)
                .addStatement("return wire")
                .build())
        .build();
  }

  private FieldSpec table(ApiShape shape) {
    return FieldSpec.builder(
            JavaTypes.SHAPE.nestedClass("Text"),
            "SHAPE",
            Modifier.PUBLIC,
            Modifier.STATIC,
            Modifier.FINAL)
        .addJavadoc("The texts allowed.\n")
        .initializer(types.text(shape))
        .build();
  }

  private static MethodSpec of(ApiShape shape, ClassName self) {
    CodeBlock.Builder cases = CodeBlock.builder().add("return switch (wire) {\n").indent();
    for (String value : shape.values()) {
      cases.add("case $S -> $L;\n", value, Names.constant(value));
    }
    cases.add(
        "default -> throw new IllegalArgumentException($S + wire + \"'\");\n",
        "not a value of " + shape.name() + ": '");
    return MethodSpec.methodBuilder("of")
        .addJavadoc(
            """
            Returns the constant of a wire text.

            @throws IllegalArgumentException if there is none; validated input never gets there
            """)
        .addModifiers(Modifier.PUBLIC, Modifier.STATIC)
        .returns(self)
        .addParameter(String.class, "wire")
        .addCode(cases.unindent().add("};\n").build())
        .build();
  }
}
