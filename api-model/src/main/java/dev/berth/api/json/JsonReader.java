package dev.berth.api.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.berth.api.error.AwsException;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON along a shape, in time and memory proportional to its length. Messages are in the
 * words AWS's own parser uses where they are known.
 */
final class JsonReader {
  /** Far above the largest valid request (15 containers with 100 variables of 1,024 characters). */
  private static final int MAX_BYTES = 16 * 1024 * 1024;

  /** The deepest executed input has 7 levels. */
  private static final int MAX_DEPTH = 64;

  /** Seconds of 9999-12-31T23:59:59Z, the last that every client can show. */
  private static final double MAX_SECONDS = 253_402_300_799d;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_BYTES)
                  .maxNumberLength(100)
                  .build())
          // Names come from callers: a cache of them would grow at their pleasure.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final JsonParser parser;

  private JsonReader(JsonParser parser) {
    this.parser = parser;
  }

  static Document read(ByteBuffer body, StructureShape<?> shape) {
    if (!body.hasRemaining()) {
      return Document.EMPTY;
    }
    if (body.remaining() > MAX_BYTES) {
      throw refusal("Request body of %d bytes is too large".formatted(body.remaining()));
    }
    try {
      // Strict, and before Jackson: it would guess UTF-16 and UTF-32 and lets some bad bytes pass.
      return read(StandardCharsets.UTF_8.newDecoder().decode(body.duplicate()).toString(), shape);
    } catch (CharacterCodingException _) {
      throw refusal("Request body is not valid UTF-8");
    }
  }

  static Document read(String json, StructureShape<?> shape) {
    try (JsonParser parser = FACTORY.createParser(json)) {
      JsonReader reader = new JsonReader(parser);
      JsonToken first = parser.nextToken();
      if (first != JsonToken.START_OBJECT) {
        throw first == null ? refusal("Unexpected end of input") : reader.mismatch("structure");
      }
      Document document = reader.structure(shape);
      if (parser.nextToken() != null) {
        throw refusal("Unexpected content after the end of the request");
      }
      return document;
    } catch (JsonProcessingException e) {
      throw refusal(e.getOriginalMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a String has none
    }
  }

  private Document structure(StructureShape<?> shape) throws IOException {
    Map<String, Object> members = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      Member member = shape.member(name);
      parser.nextToken();
      if (member == null) {
        parser.skipChildren();
      } else {
        Object value = valueOrNull(member.shape());
        if (value == null) {
          members.remove(name);
        } else {
          members.put(name, value);
        }
      }
    }
    return new Document(members);
  }

  private @Nullable Object valueOrNull(Shape shape) throws IOException {
    return parser.currentToken() == JsonToken.VALUE_NULL ? null : value(shape);
  }

  private Object value(Shape shape) throws IOException {
    JsonToken token = parser.currentToken();
    return switch (shape) {
      case StructureShape<?> structure -> {
        expect(token == JsonToken.START_OBJECT, "structure");
        yield structure(structure);
      }
      case Shape.ListOf list -> {
        expect(token == JsonToken.START_ARRAY, "list");
        yield list(list);
      }
      case Shape.MapOf map -> {
        expect(token == JsonToken.START_OBJECT, "map");
        yield map(map);
      }
      case Shape.Text _ -> {
        expect(token == JsonToken.VALUE_STRING, "a String");
        yield wellFormed(parser.getText());
      }
      case Shape.Whole whole -> whole(whole);
      case Shape.Decimal decimal -> decimal(decimal);
      case Shape.Flag _ -> {
        expect(token.isBoolean(), "a Boolean");
        yield token == JsonToken.VALUE_TRUE;
      }
      case Shape.Time _ -> time();
      case Shape.Bytes _ -> bytes();
    };
  }

  private List<@Nullable Object> list(Shape.ListOf shape) throws IOException {
    List<@Nullable Object> list = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      list.add(valueOrNull(shape.member()));
    }
    return list;
  }

  private Map<String, @Nullable Object> map(Shape.MapOf shape) throws IOException {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = wellFormed(parser.currentName());
      parser.nextToken();
      map.put(key, valueOrNull(shape.value()));
    }
    return map;
  }

  private Object whole(Shape.Whole shape) throws IOException {
    String type = shape.isLong() ? "a Long" : "an Integer";
    expect(parser.currentToken().isNumeric(), type);
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
      return whole(shape, parser.getLongValue(), type);
    }
    // By way of double, as a number such as 1e999999999 would fill the memory as an exact one.
    double number = parser.getDoubleValue();
    if (number != Math.rint(number) || Math.abs(number) >= 0x1p63) {
      throw refusal("%s can not be converted to %s".formatted(parser.getText(), type));
    }
    return whole(shape, (long) number, type);
  }

  private static Object whole(Shape.Whole shape, long number, String type) {
    if (shape.isLong()) {
      return number;
    }
    if (number != (int) number) {
      throw refusal("%d can not be converted to %s".formatted(number, type));
    }
    return (int) number;
  }

  private Object decimal(Shape.Decimal shape) throws IOException {
    String type = shape.isDouble() ? "a Double" : "a Float";
    expect(parser.currentToken().isNumeric(), type);
    double number = parser.getDoubleValue();
    if (Double.isInfinite(shape.isDouble() ? number : (float) number)) {
      throw refusal("%s can not be converted to %s".formatted(parser.getText(), type));
    }
    return shape.isDouble() ? (Object) number : (Object) (float) number;
  }

  private Instant time() throws IOException {
    expect(parser.currentToken().isNumeric(), "a Timestamp");
    double seconds = parser.getDoubleValue();
    if (Math.abs(seconds) > MAX_SECONDS) {
      throw refusal("%s can not be converted to a Timestamp".formatted(parser.getText()));
    }
    return Instant.ofEpochMilli(Math.round(seconds * 1000));
  }

  private ByteBuffer bytes() throws IOException {
    expect(parser.currentToken() == JsonToken.VALUE_STRING, "a Blob");
    try {
      return ByteBuffer.wrap(Base64.getDecoder().decode(parser.getText())).asReadOnlyBuffer();
    } catch (IllegalArgumentException _) {
      throw refusal("STRING_VALUE can not be converted to a Blob: not base64");
    }
  }

  /** A lone surrogate, by way of an escape, is no character: no answer could show it. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw refusal("Lone surrogate \\u%04x in a String".formatted((int) c));
      }
    }
    return text;
  }

  private void expect(boolean isMet, String type) {
    if (!isMet) {
      throw mismatch(type);
    }
  }

  private AwsException mismatch(String type) {
    return refusal(
        switch (parser.currentToken()) {
          case START_OBJECT -> "Start of structure or map found where not expected.";
          case START_ARRAY -> "Start of list found where not expected";
          case VALUE_STRING -> converted("STRING_VALUE", type);
          case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> converted("NUMBER_VALUE", type);
          case VALUE_TRUE -> converted("TRUE_VALUE", type);
          case VALUE_FALSE -> converted("FALSE_VALUE", type);
          default -> "Expected " + type;
        });
  }

  private static String converted(String token, String type) {
    return switch (type) {
      case "structure", "list", "map" -> "Expected %s or null".formatted(type);
      default -> "%s can not be converted to %s".formatted(token, type);
    };
  }

  private static AwsException refusal(String message) {
    return new AwsException("SerializationException", 400, message);
  }
}
