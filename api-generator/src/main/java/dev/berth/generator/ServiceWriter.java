package dev.berth.generator;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.JavaFile;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import com.palantir.javapoet.WildcardTypeName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import javax.lang.model.element.Modifier;
import org.jspecify.annotations.Nullable;

/** Writes everything of one service: its package, records, enums, scalars and operations. */
final class ServiceWriter {
  private static final ClassName API_SERVICE = ClassName.get("dev.berth.api.shape", "ApiService");
  private static final ClassName OPERATION = ClassName.get("dev.berth.api.shape", "Operation");
  private static final TypeName ANY_STRUCTURE =
      ParameterizedTypeName.get(
          JavaTypes.STRUCTURE_SHAPE, WildcardTypeName.subtypeOf(Object.class));

  private final ApiModel model;
  private final List<ApiModel.Operation> executed;
  private final String packageName;
  private final String className;
  private final JavaTypes types;

  /**
   * @param name the model's file name without date, such as {@code sagemaker-runtime}
   * @param executed names of the operations to generate
   */
  ServiceWriter(String name, ApiModel model, List<String> executed) {
    this.model = model;
    this.executed = executed.stream().map(model::operation).toList();
    this.packageName = "dev.berth.api." + name.replace("-", "");
    this.className = Names.type(model.metadata("serviceId")) + "Api";
    this.types = new JavaTypes(model, packageName);
  }

  /** Returns the text of each file, by its path under the source folder. */
  Map<String, String> write() {
    Map<String, String> files = new LinkedHashMap<>();
    Set<ApiShape> shapes = model.reachable(executed);
    List<ApiShape> scalars = new ArrayList<>();
    for (ApiShape shape : shapes) {
      if (shape.isStructure()) {
        add(files, new RecordWriter(model, types).write(shape));
      } else if (shape.isEnum()) {
        add(files, new EnumWriter(model, types).write(shape));
      } else if (shape.isScalar()) {
        scalars.add(shape);
      }
    }
    add(files, scalars(scalars));
    add(files, service());
    files.put(path("package-info"), packageInfo());
    return files;
  }

  private void add(Map<String, String> files, TypeSpec type) {
    files.put(
        path(type.name()),
        JavaFile.builder(packageName, type).skipJavaLangImports(true).build().toString());
  }

  private String path(@Nullable String simpleName) {
    return packageName.replace('.', '/') + "/" + simpleName + ".java";
  }

  private String packageInfo() {
    return """
    /**
     * %s %s, generated from its API model: a record for each structure and an enum for each
     * closed set of texts that the executed operations reach, and their table, {@link %s.%s}.
     */
    @org.jspecify.annotations.NullMarked
    package %s;
    """
        .formatted(
            model.metadata("serviceId"),
            model.metadata("apiVersion"),
            packageName,
            className,
            packageName);
  }

  private TypeSpec scalars(List<ApiShape> scalars) {
    TypeSpec.Builder type =
        TypeSpec.classBuilder("Scalars")
            .addJavadoc("Constraints of texts, numbers, flags, times and bytes.\n")
            .addModifiers(Modifier.FINAL)
            .addMethod(MethodSpec.constructorBuilder().addModifiers(Modifier.PRIVATE).build());
    for (ApiShape shape : scalars) {
      type.addField(
          FieldSpec.builder(
                  types.scalarTableType(shape),
                  Names.constant(shape.name()),
                  Modifier.STATIC,
                  Modifier.FINAL)
              .initializer(types.scalarTable(shape))
              .build());
    }
    return type.build();
  }

  private TypeSpec service() {
    TypeSpec.Builder type =
        TypeSpec.classBuilder(className)
            .addJavadoc(
                "$L $L: the operations Berth executes, and the names of those it knows.\n",
                model.metadata("serviceId"),
                model.metadata("apiVersion"))
            .addModifiers(Modifier.PUBLIC, Modifier.FINAL)
            .addMethod(MethodSpec.constructorBuilder().addModifiers(Modifier.PRIVATE).build());
    type.addField(lookup());
    executed.forEach(operation -> type.addField(operation(operation)));
    return type.addField(table()).addMethod(shape()).build();
  }

  private FieldSpec lookup() {
    return FieldSpec.builder(
            ParameterizedTypeName.get(
                ClassName.get(Function.class), ClassName.get(String.class), ANY_STRUCTURE),
            "SHAPES",
            Modifier.PRIVATE,
            Modifier.STATIC,
            Modifier.FINAL)
        .initializer("$T::shape", types.named(className))
        .build();
  }

  private MethodSpec shape() {
    Set<ClassName> structures = new LinkedHashSet<>();
    for (ApiModel.Operation operation : executed) {
      structures.add(typeOf(operation.input()));
      structures.add(typeOf(operation.output()));
    }
    CodeBlock.Builder code = CodeBlock.builder().add("return switch (name) {\n").indent();
    structures.forEach(name -> code.add("case $S -> $T.SHAPE;\n", name.simpleName(), name));
    code.add("default -> throw new IllegalArgumentException(name);\n").unindent().add("};\n");
    return MethodSpec.methodBuilder("shape")
        .addModifiers(Modifier.PRIVATE, Modifier.STATIC)
        .returns(ANY_STRUCTURE)
        .addParameter(String.class, "name")
        .addCode(code.build())
        .build();
  }

  private FieldSpec operation(ApiModel.Operation operation) {
    return FieldSpec.builder(
            ParameterizedTypeName.get(
                OPERATION, typeOf(operation.input()), typeOf(operation.output())),
            Names.constant(operation.name()),
            Modifier.PUBLIC,
            Modifier.STATIC,
            Modifier.FINAL)
        .addJavadoc("Operation {@code $L}.\n", operation.name())
        .initializer(
            "new $T<>($S, $S, $S, SHAPES)",
            OPERATION,
            operation.name(),
            typeOf(operation.input()).simpleName(),
            typeOf(operation.output()).simpleName())
        .build();
  }

  private ClassName typeOf(@Nullable String structure) {
    return structure == null ? JavaTypes.NOTHING : types.named(structure);
  }

  private FieldSpec table() {
    CodeBlock names =
        executed.stream()
            .map(o -> CodeBlock.of("$L", Names.constant(o.name())))
            .collect(CodeBlock.joining(",\n"));
    return FieldSpec.builder(
            API_SERVICE, "SERVICE", Modifier.PUBLIC, Modifier.STATIC, Modifier.FINAL)
        .addJavadoc("The service's table.\n")
        .initializer(
            "new $T($S, $S, $S, $S,\n$T.of($L),\n$T.of($L),\n$T.of($L))",
            API_SERVICE,
            model.metadata("serviceId"),
            model.metadata("apiVersion"),
            model.metadata("targetPrefix"),
            model.metadata("xmlNamespace"),
            List.class,
            names,
            Set.class,
            texts(model.operations()),
            Set.class,
            texts(model.errors()))
        .build();
  }

  private static CodeBlock texts(List<String> texts) {
    return texts.stream().map(t -> CodeBlock.of("$S", t)).collect(CodeBlock.joining(",\n"));
  }
}
