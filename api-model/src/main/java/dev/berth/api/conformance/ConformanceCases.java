package dev.berth.api.conformance;

import dev.berth.api.json.ApiJson;
import dev.berth.api.shape.ApiService;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.Shape;
import dev.berth.api.shape.StructureShape;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Makes a service's conformance cases. From a smallest valid request, each member at any depth is
 * in turn left out, shortened, lengthened, misspelt, moved out of its range or given another JSON
 * type, with all above it made valid.
 */
public final class ConformanceCases {
  private static final int MAX_TEXT = 10_000;
  private static final Expected PASSES = new Expected.PassesConstraints();

  private final ApiService service;
  private final Operation<?, ?> operation;
  private final List<ConformanceCase> cases = new ArrayList<>();
  private final Set<String> open = new HashSet<>();

  private ConformanceCases(ApiService service, Operation<?, ?> operation) {
    this.service = service;
    this.operation = operation;
  }

  /** Returns the cases of every executed operation of a service that speaks AWS JSON. */
  public static List<ConformanceCase> of(ApiService service) {
    List<ConformanceCase> cases = new ArrayList<>();
    for (Operation<?, ?> operation : service.executed()) {
      ConformanceCases of = new ConformanceCases(service, operation);
      of.operation();
      cases.addAll(of.cases);
    }
    return cases;
  }

  /** Returns the smallest request of {@code operation} that breaks no constraint, as JSON. */
  public static String smallestRequest(Operation<?, ?> operation) {
    return ApiJson.write(smallest(operation.input()));
  }

  private void operation() {
    StructureShape<?> input = operation.input();
    Document valid = smallest(input);
    add("smallest valid request", valid, PASSES);
    add("unknown member", with(valid, "BerthUnknownMember", Map.of("Any", List.of("x"))), PASSES);
    refuse("a list for a request", "[]", "");
    refuse("no JSON", "{\"", "");
    structure(input, valid, "", Function.identity());
  }

  /**
   * Adds the cases of a structure's members.
   *
   * @param valid a valid value of it
   * @param whole makes a request of such a value
   */
  private void structure(
      StructureShape<?> shape, Document valid, String path, Function<Document, Document> whole) {
    if (!open.add(shape.name())) {
      return; // it contains itself, and its cases are being made
    }
    for (Member member : shape.members()) {
      String at = path + (path.isEmpty() ? "" : ".") + lowerFirst(member.name());
      Function<Object, Document> request = value -> whole.apply(with(valid, member.name(), value));
      if (member.isRequired()) {
        Map<String, Object> without = new LinkedHashMap<>(valid.members());
        without.remove(member.name());
        breaks(
            at + " missing",
            whole.apply(new Document(without)),
            "Value at '" + at + "'",
            "Member must not be null");
      }
      value(member.shape(), at, request);
    }
    open.remove(shape.name());
  }

  private void value(Shape shape, String at, Function<Object, Document> request) {
    wrongType(shape, at, request);
    switch (shape) {
      case StructureShape<?> structure ->
          structure(structure, smallest(structure), at, request::apply);
      case Shape.ListOf list -> list(list, at, request);
      case Shape.MapOf map -> map(map, at, request);
      case Shape.Text text -> text(text, at, request);
      case Shape.Whole whole -> {
        if (whole.min() > Integer.MIN_VALUE) {
          number(at, whole.min() - 1, "greater than or equal to " + whole.min(), request);
          add(at + " at its least", request.apply(whole.min()), PASSES);
        }
        if (whole.max() < Integer.MAX_VALUE) {
          number(at, whole.max() + 1, "less than or equal to " + whole.max(), request);
          add(at + " at its greatest", request.apply(whole.max()), PASSES);
        }
      }
      case Shape.Decimal decimal -> {
        if (Double.isFinite(decimal.min())) {
          number(
              at, decimal.min() - 1, "greater than or equal to " + (long) decimal.min(), request);
          add(at + " at its least", request.apply(decimal.min()), PASSES);
        }
        if (Double.isFinite(decimal.max())) {
          number(at, decimal.max() + 1, "less than or equal to " + (long) decimal.max(), request);
          add(at + " at its greatest", request.apply(decimal.max()), PASSES);
        }
      }
      case Shape.Flag _, Shape.Time _, Shape.Bytes _ -> {}
    }
  }

  private void number(String at, Number value, String words, Function<Object, Document> request) {
    breaks(
        at + (words.startsWith("greater") ? " below its range" : " above its range"),
        request.apply(value),
        at(value, at),
        "Member must have value " + words);
  }

  private void text(Shape.Text shape, String at, Function<Object, Document> request) {
    if (shape.max() <= MAX_TEXT) {
      String tooLong = Samples.ofLength(shape, shape.max() + 1);
      breaks(
          at + " too long",
          request.apply(tooLong),
          at(shown(shape, tooLong), at),
          "Member must have length less than or equal to " + shape.max());
      Samples.fittingOfLength(shape, shape.max())
          .ifPresent(text -> add(at + " at its longest", request.apply(text), PASSES));
    }
    if (shape.min() > 0) {
      String tooShort = Samples.ofLength(shape, shape.min() - 1);
      breaks(
          at + " too short",
          request.apply(tooShort),
          at(shown(shape, tooShort), at),
          "Member must have length greater than or equal to " + shape.min());
      Samples.fittingOfLength(shape, shape.min())
          .ifPresent(text -> add(at + " at its shortest", request.apply(text), PASSES));
    }
    Samples.unfit(shape)
        .ifPresent(unfit ->
            breaks(
                at + " misspelt",
                request.apply(unfit),
                at(shown(shape, unfit), at),
                "Member must satisfy regular expression pattern: " + shape.pattern()));
    if (!shape.values().isEmpty()) {
      breaks(
          at + " not in its enum",
          request.apply("berth-unknown"),
          at(shown(shape, "berth-unknown"), at),
          "Member must satisfy enum value set: [" + shape.values().getFirst());
    }
  }

  private static String shown(Shape.Text shape, String text) {
    return shape.isSensitive() ? "***" : text;
  }

  private void list(Shape.ListOf shape, String at, Function<Object, Document> request) {
    Object element = smallestValue(shape.member());
    if (shape.max() < 1_000) {
      breaks(
          at + " with too many elements",
          request.apply(Collections.nCopies(shape.max() + 1, element)),
          "' at '%s'".formatted(at),
          "Member must have length less than or equal to " + shape.max());
      add(
          at + " with all the elements it may have",
          request.apply(Collections.nCopies(shape.max(), element)),
          PASSES);
    }
    if (shape.min() > 0) {
      breaks(
          at + " with too few elements",
          request.apply(Collections.nCopies(shape.min() - 1, element)),
          "' at '%s'".formatted(at),
          "Member must have length greater than or equal to " + shape.min());
    }
    int before = Math.max(0, shape.min() - 1);
    value(
        shape.member(),
        "%s.%d.member".formatted(at, before + 1),
        value -> {
          List<Object> list = new ArrayList<>(Collections.nCopies(before, element));
          list.add(value);
          return request.apply(list);
        });
  }

  private void map(Shape.MapOf shape, String at, Function<Object, Document> request) {
    String key = Samples.fitting(shape.key());
    Object value = smallestValue(shape.value());
    if (shape.max() < 1_000) {
      Map<String, Object> tooMany = new LinkedHashMap<>();
      for (int i = 0; i <= shape.max(); i++) {
        tooMany.put(key + i, value);
      }
      breaks(
          at + " with too many entries",
          request.apply(tooMany),
          "' at '%s'".formatted(at),
          "Member must have length less than or equal to " + shape.max());
    }
    unfitFor(shape.key())
        .ifPresent(unfit ->
            breaks(
                at + " with a key that does not fit",
                request.apply(Map.of(unfit, value)),
                "' at '%s'".formatted(at),
                "Map keys must satisfy constraint: ["));
    if (shape.value() instanceof Shape.Text text) {
      unfitFor(text)
          .ifPresent(unfit ->
              breaks(
                  at + " with a value that does not fit",
                  request.apply(Map.of(key, unfit)),
                  "' at '%s'".formatted(at),
                  "Map value must satisfy constraint: ["));
    }
    wrongType(shape.value(), at + "." + key, entry -> request.apply(Map.of(key, entry)));
  }

  private static Optional<String> unfitFor(Shape.Text shape) {
    return Samples.unfit(shape)
        .or(() ->
            shape.max() <= MAX_TEXT
                ? Optional.of(Samples.ofLength(shape, shape.max() + 1))
                : Optional.empty());
  }

  private void wrongType(Shape shape, String at, Function<Object, Document> request) {
    Object wrong =
        switch (shape) {
          case StructureShape<?> _, Shape.MapOf _ -> List.of();
          case Shape.ListOf _ -> Map.of();
          case Shape.Text _, Shape.Bytes _ -> 12345;
          case Shape.Whole _, Shape.Decimal _, Shape.Flag _, Shape.Time _ -> "berth";
        };
    String message =
        switch (shape) {
          case StructureShape<?> _, Shape.MapOf _ -> "Start of list found where not expected";
          case Shape.ListOf _ -> "Start of structure or map found where not expected.";
          case Shape.Text _ -> "NUMBER_VALUE can not be converted to a String";
          case Shape.Bytes _ -> "NUMBER_VALUE can not be converted to a Blob";
          case Shape.Whole whole ->
              "STRING_VALUE can not be converted to " + (whole.isLong() ? "a Long" : "an Integer");
          case Shape.Decimal decimal ->
              "STRING_VALUE can not be converted to "
                  + (decimal.isDouble() ? "a Double" : "a Float");
          case Shape.Flag _ -> "STRING_VALUE can not be converted to a Boolean";
          case Shape.Time _ -> "STRING_VALUE can not be converted to a Timestamp";
        };
    refuse(at + " of another type", ApiJson.write(request.apply(wrong)), message);
  }

  private static Object smallestValue(Shape shape) {
    return switch (shape) {
      case StructureShape<?> structure -> smallest(structure);
      case Shape.ListOf list -> Collections.nCopies(list.min(), smallestValue(list.member()));
      case Shape.MapOf map ->
          map.min() == 0
              ? Map.of()
              : Map.of(Samples.fitting(map.key()), smallestValue(map.value()));
      case Shape.Text text -> Samples.fitting(text);
      case Shape.Whole whole -> (int) Math.clamp(1L, whole.min(), whole.max());
      case Shape.Decimal decimal -> Math.clamp(1d, decimal.min(), decimal.max());
      case Shape.Flag _ -> true;
      case Shape.Time _ -> Instant.EPOCH;
      case Shape.Bytes bytes -> ByteBuffer.allocate(bytes.min());
    };
  }

  private static Document smallest(StructureShape<?> shape) {
    Map<String, Object> members = new LinkedHashMap<>();
    for (Member member : shape.members()) {
      if (member.isRequired()) {
        members.put(member.name(), smallestValue(member.shape()));
      }
    }
    return new Document(members);
  }

  private void breaks(String name, Document request, String value, String constraint) {
    add(
        name,
        request,
        new Expected.Refused(
            400, "ValidationException", value + " failed to satisfy constraint: " + constraint));
  }

  private void refuse(String name, String body, String message) {
    add(name, body, new Expected.Refused(400, "SerializationException", message));
  }

  private void add(String name, Document request, Expected expected) {
    add(name, ApiJson.write(request), expected);
  }

  private void add(String name, String body, Expected expected) {
    cases.add(
        new ConformanceCase(
            operation.name() + ": " + name,
            operation.name(),
            service.targetPrefix() + "." + operation.name(),
            body,
            expected));
  }

  private static String at(Object value, String at) {
    return "Value '%s' at '%s'".formatted(value, at);
  }

  private static Document with(Document document, String name, Object value) {
    Map<String, Object> members = new LinkedHashMap<>(document.members());
    members.put(name, value);
    return new Document(members);
  }

  private static String lowerFirst(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }
}
