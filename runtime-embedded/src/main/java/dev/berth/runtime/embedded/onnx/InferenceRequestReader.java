package dev.berth.runtime.embedded.onnx;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.util.TokenBuffer;
import dev.berth.runtime.embedded.serving.PayloadException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of an Open Inference Protocol v2 request in one pass, elements straight into their
 * tensors. Every failure is a {@link PayloadException} with status 400 that names the input, what
 * the model expects and what it got. NaN and Infinity may stand bare, as Python writes them.
 */
final class InferenceRequestReader {
  static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .build();
  private static final int MOST_BYTES = Integer.MAX_VALUE - 64;

  private final Map<String, InputSpec> specs;
  private final List<InputSpec> specList;
  private final Set<String> outputNames;

  InferenceRequestReader(List<InputSpec> inputs, Set<String> outputNames) {
    this.specList = inputs;
    this.specs = inputs.stream().collect(Collectors.toMap(InputSpec::name, Function.identity()));
    this.outputNames = outputNames;
  }

  /** Returns the request that {@code body} holds, its elements in memory of {@code arena}. */
  InferenceRequest read(ByteBuffer body, Arena arena) {
    byte[] bytes = new byte[body.remaining()];
    body.get(body.position(), bytes);
    try (JsonParser parser = JSON.createParser(bytes)) {
      return request(parser, bytes.length, arena);
    } catch (JsonProcessingException malformed) {
      throw refused(
          "the body is not JSON: %s (line %d, column %d)"
              .formatted(
                  malformed.getOriginalMessage(),
                  malformed.getLocation().getLineNr(),
                  malformed.getLocation().getColumnNr()));
    } catch (IOException unreadable) {
      throw refused("the body is not JSON: " + unreadable.getMessage());
    }
  }

  private InferenceRequest request(JsonParser parser, int bytes, Arena arena) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw refused("the body is no JSON object; " + expectedBody());
    }
    String id = null;
    Map<String, Elements> inputs = null;
    List<String> outputs = List.of();
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      parser.nextToken();
      switch (field) {
        case "id" -> id = parser.currentToken() == JsonToken.VALUE_NULL ? null : text(parser, "id");
        case "inputs" -> inputs = inputs(parser, bytes, arena);
        case "outputs" -> outputs = outputs(parser);
        default -> parser.skipChildren(); // parameters, and what later versions add
      }
    }
    if (parser.nextToken() != null) {
      throw refused(
          "there is more behind the JSON object: send one request, or one a line as application/jsonlines");
    }
    if (inputs == null) {
      throw refused("'inputs' is missing; " + expectedBody());
    }
    for (InputSpec spec : specList) {
      if (!inputs.containsKey(spec.name())) {
        throw refused(
            "input '%s' is missing: expected %s; got %s"
                .formatted(spec.name(), spec.type(), inputs.keySet()));
      }
    }
    return new InferenceRequest(Optional.ofNullable(id), inputs, outputs);
  }

  private String expectedBody() {
    return "expected {\"inputs\": [{\"name\": …, \"shape\": […], \"datatype\": …, \"data\": […]}]}"
        + " for the model's inputs "
        + InputSpec.list(specList);
  }

  private Map<String, Elements> inputs(JsonParser parser, int bytes, Arena arena)
      throws IOException {
    expect(parser, JsonToken.START_ARRAY, "'inputs' is no list");
    var inputs = new LinkedHashMap<String, Elements>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      var input = new Input(bytes, arena);
      input.read(parser);
      if (inputs.put(input.spec().name(), input.elements()) != null) {
        throw refused("input '%s' is given twice".formatted(input.spec().name()));
      }
    }
    return inputs;
  }

  private List<String> outputs(JsonParser parser) throws IOException {
    expect(parser, JsonToken.START_ARRAY, "'outputs' is no list");
    var outputs = new ArrayList<String>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser, JsonToken.START_OBJECT, "an element of 'outputs' is no object");
      String name = null;
      for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
        parser.nextToken();
        if (field.equals("name")) {
          name = text(parser, "name of an output");
        } else {
          parser.skipChildren();
        }
      }
      if (name == null || !outputNames.contains(name)) {
        throw refused("there is no output '%s': the model has %s".formatted(name, outputNames));
      }
      outputs.add(name);
    }
    return List.copyOf(outputs);
  }

  /** One element of {@code inputs}, whose fields come in any order. */
  private final class Input {
    private final int bodyBytes;
    private final Arena arena;
    private @Nullable String name;
    private @Nullable String datatype;
    private long @Nullable [] shape;
    private @Nullable TokenBuffer early;
    private @Nullable Elements elements;

    Input(int bodyBytes, Arena arena) {
      this.bodyBytes = bodyBytes;
      this.arena = arena;
    }

    void read(JsonParser parser) throws IOException {
      expect(parser, JsonToken.START_OBJECT, "an element of 'inputs' is no object");
      for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
        parser.nextToken();
        switch (field) {
          case "name" -> name = text(parser, "name of an input");
          case "datatype" -> datatype = text(parser, "datatype of input '%s'".formatted(name));
          case "shape" -> shape = shape(parser);
          case "data" -> data(parser);
          default -> parser.skipChildren();
        }
      }
      if (early != null) {
        Elements room = room();
        try (JsonParser replay = early.asParser()) {
          replay.nextToken();
          fill(replay, room);
        }
      } else if (elements == null) {
        throw refused("input '%s' has no data".formatted(spec().name()));
      }
    }

    Elements elements() {
      return Objects.requireNonNull(elements);
    }

    InputSpec spec() {
      InputSpec spec = name == null ? null : specs.get(name);
      if (spec == null) {
        throw refused(
            name == null
                ? "an input has no name; the model has " + InputSpec.list(specList)
                : "there is no input '%s': the model has %s"
                    .formatted(name, InputSpec.list(specList)));
      }
      return spec;
    }

    /** Data that stands before its type and shape waits until they are known. */
    private void data(JsonParser parser) throws IOException {
      if (elements != null || early != null) {
        throw refused("input '%s' has data twice".formatted(name));
      }
      if (name != null && datatype != null && shape != null) {
        fill(parser, room());
      } else {
        early = new TokenBuffer(parser);
        early.copyCurrentStructure(parser);
      }
    }

    private Elements room() {
      InputSpec spec = spec();
      if (datatype == null || shape == null) {
        throw refused(
            "input '%s' has no %s: expected %s"
                .formatted(spec.name(), datatype == null ? "datatype" : "shape", spec.type()));
      }
      if (!datatype.equals(spec.datatype().name()) || !spec.fits(shape)) {
        throw refused(
            "input '%s' does not fit: expected %s, got %s %s"
                .formatted(spec.name(), spec.type(), datatype, Arrays.toString(shape)));
      }
      long count = 1;
      for (long size : shape) {
        // an element takes a byte or more of the body, so no honest product grows past it
        count = Math.min(count * Math.min(size, bodyBytes + 1L), bodyBytes + 1L);
      }
      if (count > bodyBytes || count * Math.max(spec.datatype().bytes(), 1) > MOST_BYTES) {
        throw refused(
            "input '%s' has fewer elements than its shape %s says, or more than a tensor takes"
                .formatted(spec.name(), Arrays.toString(shape)));
      }
      return new Elements(spec.datatype(), shape, (int) count, arena);
    }

    private void fill(JsonParser parser, Elements room) throws IOException {
      new DataReader(spec().name(), Objects.requireNonNull(shape), room).read(parser);
      elements = room;
    }

    private long[] shape(JsonParser parser) throws IOException {
      expect(parser, JsonToken.START_ARRAY, "shape of input '%s' is no list".formatted(name));
      long[] sizes = new long[8];
      int rank = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
            || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            || parser.getLongValue() < 0) {
          throw refused(
              "shape of input '%s' has a size that is no whole number from 0: %s"
                  .formatted(name, parser.getText()));
        }
        if (rank == sizes.length) {
          throw refused("shape of input '%s' has more than 8 dimensions".formatted(name));
        }
        sizes[rank++] = parser.getLongValue();
      }
      return Arrays.copyOf(sizes, rank);
    }
  }

  private static String text(JsonParser parser, String what) throws IOException {
    expect(parser, JsonToken.VALUE_STRING, what + " is no text");
    return parser.getText();
  }

  private static void expect(JsonParser parser, JsonToken token, String otherwise) {
    if (parser.currentToken() != token) {
      throw refused(otherwise);
    }
  }

  static PayloadException refused(String message) {
    return new PayloadException(400, message);
  }
}
