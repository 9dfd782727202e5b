package dev.berth.transform.processing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.berth.transform.failure.TransformFailure;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of JSONPath that {@code DataProcessing} has: {@code $}, {@code .name}, {@code *}, {@code
 * ['a','b']}, {@code [n]}, {@code [n,m]}, {@code [start:end]}. Negative indices count from the end,
 * and the end of a slice is included, as AWS's guide has it ({@code $[1:4]} is the second to the
 * fifth column), which no JSONPath library does; hence this one.
 *
 * @param text as given
 */
public record JsonPath(String text, List<Step> steps) {
  /** {@code $}, all of it: what an absent filter is. */
  public static final JsonPath ALL = new JsonPath("$", List.of());

  public JsonPath {
    steps = List.copyOf(steps);
  }

  /** One step down. */
  public sealed interface Step {
    /** {@code .name} or {@code ['name']}. */
    record Name(String name) implements Step {}

    /** {@code ['a','b']}: an object of these members. */
    record Names(List<String> names) implements Step {}

    /** {@code .*} or {@code [*]}. */
    record Every() implements Step {}

    /** {@code [n]}. */
    record Index(int index) implements Step {}

    /** {@code [n,m]}. */
    record Indices(List<Integer> indices) implements Step {}

    /**
     * {@code [start:end]}.
     *
     * @param start 0 where it is left out
     * @param end the last one included; -1 where it is left out
     */
    record Range(int start, int end) implements Step {}
  }

  /**
   * Returns the path that {@code text} is.
   *
   * @throws IllegalArgumentException whose message says what is wrong with it
   */
  public static JsonPath parse(String text) {
    return text.isEmpty() ? ALL : new JsonPath(text, new JsonPathReader(text).steps());
  }

  public boolean isAll() {
    return steps.isEmpty();
  }

  /** Returns whether it selects columns by their numbers only, which is what CSV rows have. */
  public boolean isOfColumns() {
    if (steps.size() > 1) {
      return false;
    }
    return steps.isEmpty()
        || switch (steps.getFirst()) {
          case Step.Index _, Step.Indices _, Step.Range _ -> true;
          case Step.Name _, Step.Names _, Step.Every _ -> false;
        };
  }

  /**
   * Returns the columns of {@code row} that this selects, in the order it names them.
   *
   * @throws TransformFailure when one isn't there
   */
  public List<String> select(List<String> row) throws TransformFailure {
    if (steps.isEmpty()) {
      return row;
    }
    return switch (steps.getFirst()) {
      case Step.Index(int index) -> List.of(row.get(existing(index, row.size())));
      case Step.Indices(var indices) -> {
        var selected = new ArrayList<String>();
        for (int index : indices) {
          selected.add(row.get(existing(index, row.size())));
        }
        yield selected;
      }
      case Step.Range range -> row.subList(from(range, row.size()), to(range, row.size()));
      case Step.Name _, Step.Names _, Step.Every _ -> throw notThere(steps.getFirst());
    };
  }

  /**
   * Returns what this selects of {@code value}. A step that selects several makes an array, or an
   * object where it names members; the steps after it are taken from each of them.
   *
   * @throws TransformFailure when it isn't there
   */
  public JsonNode select(JsonNode value) throws TransformFailure {
    return select(value, steps);
  }

  private JsonNode select(JsonNode value, List<Step> path) throws TransformFailure {
    if (path.isEmpty()) {
      return value;
    }
    List<Step> rest = path.subList(1, path.size());
    return switch (path.getFirst()) {
      case Step.Name name -> select(member(value, name.name(), name), rest);
      case Step.Index index -> select(element(value, index.index(), index), rest);
      case Step.Names names -> {
        ObjectNode selected = JsonNodeFactory.instance.objectNode();
        for (String name : names.names()) {
          selected.set(name, select(member(value, name, names), rest));
        }
        yield selected;
      }
      case Step.Every every -> {
        if (!value.isContainerNode()) {
          throw notThere(every);
        }
        yield each(value, rest);
      }
      case Step.Indices indices -> {
        ArrayNode selected = JsonNodeFactory.instance.arrayNode();
        for (int index : indices.indices()) {
          selected.add(select(element(value, index, indices), rest));
        }
        yield selected;
      }
      case Step.Range range -> {
        if (!value.isArray()) {
          throw notThere(range);
        }
        ArrayNode selected = JsonNodeFactory.instance.arrayNode();
        for (int i = from(range, value.size()); i < to(range, value.size()); i++) {
          selected.add(select(value.get(i), rest));
        }
        yield selected;
      }
    };
  }

  private JsonNode each(JsonNode values, List<Step> rest) throws TransformFailure {
    ArrayNode selected = JsonNodeFactory.instance.arrayNode();
    for (JsonNode one : values) {
      selected.add(select(one, rest));
    }
    return selected;
  }

  private JsonNode member(JsonNode value, String name, Step step) throws TransformFailure {
    JsonNode member = value.get(name);
    if (member == null) {
      throw notThere(step);
    }
    return member;
  }

  private JsonNode element(JsonNode value, int index, Step step) throws TransformFailure {
    if (!value.isArray()) {
      throw notThere(step);
    }
    return value.get(existing(index, value.size()));
  }

  private int existing(int index, int size) throws TransformFailure {
    int at = index < 0 ? size + index : index;
    if (at < 0 || at >= size) {
      throw TransformFailure.client(
          "The JSONPath %s selects index %d, but there are %d".formatted(text, index, size));
    }
    return at;
  }

  private int from(Step.Range range, int size) throws TransformFailure {
    return existing(range.start(), size);
  }

  /** The index behind the last one; a slice that reaches beyond the end stops there. */
  private int to(Step.Range range, int size) throws TransformFailure {
    int last = range.end() < 0 ? size + range.end() : Math.min(range.end(), size - 1);
    if (last < from(range, size)) {
      throw TransformFailure.client("The JSONPath %s selects nothing of %d".formatted(text, size));
    }
    return last + 1;
  }

  private TransformFailure notThere(Step step) {
    return TransformFailure.client(
        "The JSONPath %s does not match the record: there is no %s".formatted(text, words(step)));
  }

  private static String words(Step step) {
    return switch (step) {
      case Step.Name(String name) -> "member '" + name + "'";
      case Step.Names(var names) -> "object with all of the members " + names;
      case Step.Every _ -> "object or array";
      case Step.Index _, Step.Indices _, Step.Range _ -> "array";
    };
  }
}
