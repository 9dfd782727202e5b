package dev.berth.server.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;

/** JSON of what the AWS SDK answers, with the wire's member names and times in ISO 8601. */
final class Json {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  /** Returns {@code answer} as a tree, members in the order of the model, unset ones left out. */
  static ObjectNode of(SdkPojo answer) {
    var object = NODES.objectNode();
    for (var field : answer.sdkFields()) {
      var value = node(field.getValueOrDefault(answer));
      if (value != null) {
        object.set(field.memberName(), value);
      }
    }
    return object;
  }

  static ObjectNode object() {
    return NODES.objectNode();
  }

  static ArrayNode array() {
    return NODES.arrayNode();
  }

  /** Returns {@code tree} as indented text. */
  static String write(JsonNode tree) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(tree);
    } catch (JsonProcessingException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /**
   * Returns {@code text} as a tree.
   *
   * @throws JsonProcessingException if it is not JSON
   */
  static JsonNode read(String text) throws JsonProcessingException {
    return MAPPER.readTree(text);
  }

  private static @Nullable JsonNode node(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case SdkAutoConstructList<?> _, SdkAutoConstructMap<?, ?> _ -> null;
      case SdkPojo pojo -> of(pojo);
      case Collection<?> items -> {
        var array = NODES.arrayNode();
        items.forEach(item -> array.add(node(item)));
        yield array;
      }
      case Map<?, ?> entries -> {
        var object = NODES.objectNode();
        entries.forEach((key, item) -> object.set(String.valueOf(key), node(item)));
        yield object;
      }
      case Instant time -> NODES.textNode(time.toString());
      case SdkBytes bytes -> NODES.binaryNode(bytes.asByteArray());
      case Boolean flag -> NODES.booleanNode(flag);
      case Integer number -> NODES.numberNode(number);
      case Long number -> NODES.numberNode(number);
      case Float number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number);
      default -> NODES.textNode(value.toString());
    };
  }
}
