package dev.berth.generator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One service's API model: metadata, operations and shapes, in the order of its file. */
final class ApiModel {
  private final JsonNode root;
  private final Map<String, ApiShape> shapes = new LinkedHashMap<>();

  private ApiModel(JsonNode root) {
    this.root = root;
    root.get("shapes").properties().forEach(s -> shapes.put(s.getKey(), shape(s)));
  }

  /** Reads the model in {@code file}, botocore's format without documentation. */
  static ApiModel read(Path file) throws IOException {
    return new ApiModel(new ObjectMapper().readTree(file.toFile()));
  }

  /** Returns {@code metadata.name}, or the empty string. */
  String metadata(String name) {
    return root.get("metadata").path(name).asText("");
  }

  ApiShape shape(String name) {
    ApiShape shape = shapes.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("the model has no shape '%s'".formatted(name));
    }
    return shape;
  }

  /** Returns the names of all operations. */
  List<String> operations() {
    List<String> names = new ArrayList<>();
    root.get("operations").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Returns one operation. */
  Operation operation(String name) {
    JsonNode node = root.get("operations").get(name);
    if (node == null) {
      throw new IllegalArgumentException("the model has no operation '%s'".formatted(name));
    }
    JsonNode input = node.path("input").path("shape");
    JsonNode output = node.path("output").path("shape");
    return new Operation(
        name,
        input.isMissingNode() ? null : input.asText(),
        output.isMissingNode() ? null : output.asText());
  }

  /** Returns the names of all error shapes. */
  List<String> errors() {
    return shapes.values().stream().filter(ApiShape::isException).map(ApiShape::name).toList();
  }

  /** Returns the shapes {@code operations} reach by input or output, each once. */
  Set<ApiShape> reachable(List<Operation> operations) {
    Set<ApiShape> found = new LinkedHashSet<>();
    for (Operation operation : operations) {
      if (operation.input() != null) {
        reach(shape(operation.input()), found);
      }
      if (operation.output() != null) {
        reach(shape(operation.output()), found);
      }
    }
    return found;
  }

  /** Returns whether {@code from} contains itself, directly or through others. */
  boolean isRecursive(ApiShape from) {
    Set<ApiShape> inside = new LinkedHashSet<>();
    from.targets().forEach(target -> reach(shape(target), inside));
    return inside.contains(from);
  }

  private void reach(ApiShape shape, Set<ApiShape> found) {
    if (found.add(shape)) {
      shape.targets().forEach(target -> reach(shape(target), found));
    }
  }

  private static ApiShape shape(Map.Entry<String, JsonNode> named) {
    JsonNode node = named.getValue();
    Set<String> required = new LinkedHashSet<>();
    node.path("required").forEach(r -> required.add(r.asText()));
    Map<String, String> members = new LinkedHashMap<>();
    node.path("members")
        .properties()
        .forEach(m -> members.put(m.getKey(), m.getValue().get("shape").asText()));
    List<String> values = new ArrayList<>();
    node.path("enum").forEach(v -> values.add(v.asText()));
    return new ApiShape(
        named.getKey(),
        node.get("type").asText(),
        members,
        required,
        text(node.path("member").path("shape")),
        text(node.path("key").path("shape")),
        text(node.path("value").path("shape")),
        values,
        text(node.path("pattern")),
        text(node.path("min")),
        text(node.path("max")),
        node.path("sensitive").asBoolean(false),
        node.path("exception").asBoolean(false));
  }

  private static @Nullable String text(JsonNode node) {
    return node.isMissingNode() ? null : node.asText();
  }

  /**
   * One operation.
   *
   * @param input name of the input structure, or null when it takes none
   * @param output name of the output structure, or null when it gives none
   */
  record Operation(String name, @Nullable String input, @Nullable String output) {}
}
