package dev.berth.api.query;

import dev.berth.api.error.AwsException;
import dev.berth.api.service.HttpCall;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A request's form: {@code Name=x&Tags.member.1.Key=a}, and its structure along a shape. A list's
 * elements are {@code .member.N}, a map's entries {@code .entry.N.key} and {@code .value}.
 */
final class Form {
  /** STS takes policies of 100,000 characters at most; nothing else comes near. */
  private static final int MAX_BYTES = 1024 * 1024;

  /** What sorts after every continuation of a name and a dot: the character after the dot. */
  private static final char AFTER_DOT = '/';

  private final NavigableMap<String, String> fields = new TreeMap<>();

  private Form() {}

  /** Returns the fields of the query, then those of a POST's body; the first of a name counts. */
  static Form of(HttpCall call) {
    if (!call.method().equals("POST") && !call.method().equals("GET")) {
      throw malformed("the method must be GET or POST");
    }
    if (call.body().remaining() > MAX_BYTES) {
      throw malformed("the body has more than %d bytes".formatted(MAX_BYTES));
    }
    Form form = new Form();
    int query = call.uri().indexOf('?');
    if (query >= 0) {
      form.add(call.uri().substring(query + 1));
    }
    try {
      form.add(
          StandardCharsets.UTF_8.newDecoder().decode(call.body().duplicate()).toString().strip());
    } catch (CharacterCodingException _) {
      throw malformed("the body is not valid UTF-8");
    }
    return form;
  }

  private void add(String encoded) {
    int start = 0;
    while (start < encoded.length()) {
      int end = encoded.indexOf('&', start);
      end = end < 0 ? encoded.length() : end;
      String field = encoded.substring(start, end);
      int equals = field.indexOf('=');
      if (!field.isEmpty()) {
        fields.putIfAbsent(
            decode(equals < 0 ? field : field.substring(0, equals)),
            decode(equals < 0 ? "" : field.substring(equals + 1)));
      }
      start = end + 1;
    }
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      throw malformed("a field has an incomplete percent escape");
    }
  }

  /** Returns the field called {@code name}. */
  Optional<String> value(String name) {
    return Optional.ofNullable(fields.get(name));
  }

  /** Returns the fields as a structure; fields that the shape does not have are ignored. */
  Document read(StructureShape<?> shape) {
    return structure(shape, "");
  }

  private Document structure(StructureShape<?> shape, String prefix) {
    Map<String, Object> members = new LinkedHashMap<>();
    for (Member member : shape.members()) {
      Object value = value(member.shape(), prefix + member.name());
      if (value != null) {
        members.put(member.name(), value);
      }
    }
    return new Document(members);
  }

  private @Nullable Object value(Shape shape, String name) {
    return switch (shape) {
      case StructureShape<?> structure -> has(name) ? structure(structure, name + ".") : null;
      case Shape.ListOf list -> list(list, name);
      case Shape.MapOf map -> map(map, name);
      default -> {
        String text = fields.get(name);
        yield text == null ? null : scalar(shape, text, name);
      }
    };
  }

  private @Nullable List<Object> list(Shape.ListOf shape, String name) {
    List<Object> list = new ArrayList<>();
    for (int i = 1; ; i++) {
      Object element = value(shape.member(), name + ".member." + i);
      if (element == null) {
        // An empty list is written as the name alone.
        return list.isEmpty() && !fields.containsKey(name) ? null : list;
      }
      list.add(element);
    }
  }

  private @Nullable Map<String, Object> map(Shape.MapOf shape, String name) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 1; ; i++) {
      String entry = name + ".entry." + i;
      String key = fields.get(entry + ".key");
      Object value = value(shape.value(), entry + ".value");
      if (key == null || value == null) {
        return map.isEmpty() ? null : map;
      }
      map.put(key, value);
    }
  }

  /** Returns whether any field continues {@code name} with a dot. */
  private boolean has(String name) {
    return !fields.subMap(name + ".", name + AFTER_DOT).isEmpty();
  }

  private static Object scalar(Shape shape, String text, String name) {
    try {
      return switch (shape) {
        case Shape.Whole whole ->
            whole.isLong() ? (Object) Long.valueOf(text) : (Object) Integer.valueOf(text);
        case Shape.Decimal decimal ->
            decimal.isDouble() ? (Object) Double.valueOf(text) : (Object) Float.valueOf(text);
        case Shape.Flag _ when text.equals("true") || text.equals("false") -> text.equals("true");
        case Shape.Flag _ -> throw malformed("%s must be true or false".formatted(name));
        case Shape.Time _ -> Instant.parse(text);
        case Shape.Bytes _ -> ByteBuffer.wrap(Base64.getDecoder().decode(text));
        default -> text;
      };
    } catch (DateTimeException | IllegalArgumentException _) {
      throw malformed("the value of %s has the wrong type".formatted(name));
    }
  }

  private static AwsException malformed(String why) {
    return new AwsException("MalformedInput", 400, "Could not read the request: " + why);
  }
}
