package dev.berth.runtime.embedded.tree.xgboost;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.berth.runtime.embedded.tree.MalformedModelException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads models that xgboost saved as {@code .json}. One thread at a time. */
final class JsonDocument {

  /** A model is about nine deep; the limit keeps a hostile one off the stack. */
  static final int MAX_DEPTH = 64;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // xgboost writes NaN and Infinity
          .build();

  private final JsonParser parser;

  private JsonDocument(JsonParser parser) {
    this.parser = parser;
  }

  /**
   * Returns the fields of the document in {@code bytes}.
   *
   * @throws MalformedModelException if it is not one JSON object
   */
  static Fields read(byte[] bytes) {
    try (var parser = JSON.createParser(bytes)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedModelException("it is JSON, but not an object");
      }
      return new JsonDocument(parser).object();
    } catch (IOException e) {
      throw new MalformedModelException("it is not valid JSON: " + firstLine(e), e);
    }
  }

  private static String firstLine(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private Fields object() throws IOException {
    var values = new HashMap<String, Object>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      var token = parser.nextToken();
      if (Fields.keeps(name)) {
        var value = value(name, token);
        if (value != null) {
          values.put(name, value);
        }
      } else {
        parser.skipChildren();
      }
    }
    return new Fields(values);
  }

  private @Nullable Object value(String name, JsonToken token) throws IOException {
    return switch (token) {
      case START_OBJECT -> object();
      case START_ARRAY -> name.equals(Fields.TREES) ? trees() : numbers(name);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getLongValue();
      default -> null;
    };
  }

  private List<Fields.IndexedTree> trees() throws IOException {
    var trees = new ArrayList<Fields.IndexedTree>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new MalformedModelException("'trees' has something in it that is no tree");
      }
      trees.add(object().tree());
    }
    return trees;
  }

  private Object numbers(String name) throws IOException {
    var numbers = new Numbers(name, 0);
    while (true) {
      switch (parser.nextToken()) {
        case END_ARRAY -> {
          return numbers.toArray();
        }
        case VALUE_NUMBER_INT -> numbers.add(parser.getLongValue());
        case VALUE_NUMBER_FLOAT -> numbers.add(parser.getFloatValue());
        case VALUE_TRUE -> numbers.add(1L);
        case VALUE_FALSE -> numbers.add(0L);
        default ->
            throw new MalformedModelException(
                "'%s' has something in it that is no number".formatted(name));
      }
    }
  }
}
