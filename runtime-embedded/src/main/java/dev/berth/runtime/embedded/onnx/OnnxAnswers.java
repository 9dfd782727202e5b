package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.berth.runtime.embedded.serving.PayloadException;
import dev.berth.runtime.embedded.serving.Predictions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Turns what a model computed into answers.
 *
 * <p>A list of maps from class to probability, as scikit-learn's exporter makes them (ZipMap),
 * becomes a tensor with a row for each map and a column for each class, in the classes' order; the
 * answer names them as the output's parameter {@code labels}.
 */
final class OnnxAnswers {
  private final String modelName;
  private final List<String> outputNames;

  OnnxAnswers(String modelName, List<String> outputNames) {
    this.modelName = modelName;
    this.outputNames = outputNames;
  }

  /**
   * Returns the JSON of an Open Inference Protocol v2 response.
   *
   * @param requested the outputs to write in their order, empty for all
   * @throws PayloadException with status 500 for an output that is no tensor and can't become one
   */
  ByteBuffer toJson(Optional<String> id, List<String> requested, OrtSession.Result result)
      throws OrtException {
    var bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = InferenceRequestReader.JSON.createGenerator(bytes)) {
      // Python's json and numpy read a bare NaN; "NaN" would make a list of texts of numbers
      json.configure(JsonWriteFeature.WRITE_NAN_AS_STRINGS.mappedFeature(), false);
      json.writeStartObject();
      json.writeStringField("model_name", modelName);
      if (id.isPresent()) {
        json.writeStringField("id", id.get());
      }
      json.writeArrayFieldStart("outputs");
      for (String name : requested.isEmpty() ? outputNames : requested) {
        write(json, name, value(result, name));
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException("writing to memory failed", impossible);
    }
    return ByteBuffer.wrap(bytes.toByteArray());
  }

  /**
   * Returns the model's last floating-point output, or its last output if none is, as one row of
   * numbers for each of {@code rows}.
   *
   * @throws PayloadException with status 500 for an output that has no numbers for each row
   */
  Predictions toMatrix(int rows, OrtSession.Result result) throws OrtException {
    Optional<String> lastFloat = Optional.empty();
    for (String name : outputNames) {
      if (isFloatingPoint(value(result, name))) {
        lastFloat = Optional.of(name);
      }
    }
    String name = lastFloat.orElse(outputNames.getLast());
    float[] values = floats(name, value(result, name));
    if (values.length == 0 || values.length % rows != 0) {
      throw new PayloadException(
          500,
          "output '%s' has %d values for %d rows; send application/json (Open Inference Protocol v2)"
              .formatted(name, values.length, rows));
    }
    return new Predictions(values, rows, values.length / rows);
  }

  private static OnnxValue value(OrtSession.Result result, String name) {
    return result
        .get(name)
        .orElseThrow(() -> new PayloadException(500, "the model gave no output '" + name + "'"));
  }

  private static boolean isFloatingPoint(OnnxValue value) {
    return switch (value) {
      case OnnxTensor tensor ->
          Datatype.of(tensor.getInfo().type).filter(Datatype::isFloatingPoint).isPresent();
      case OnnxSequence sequence -> sequence.getInfo().isSequenceOfMaps();
      default -> false;
    };
  }

  private static float[] floats(String name, OnnxValue value) throws OrtException {
    if (value instanceof OnnxTensor tensor) {
      var values = TensorValues.of(name, tensor);
      float[] floats = new float[values.count()];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) values.number(i);
      }
      return floats;
    }
    return classes(name, value).flattened();
  }

  private static void write(JsonGenerator json, String name, OnnxValue value)
      throws IOException, OrtException {
    json.writeStartObject();
    json.writeStringField("name", name);
    if (value instanceof OnnxTensor tensor) {
      TensorValues.of(name, tensor).writeTo(json);
    } else {
      classes(name, value).writeTo(json);
    }
    json.writeEndObject();
  }

  /**
   * Rows of numbers by class.
   *
   * @param labels the classes, in order
   * @param rows a number for each class
   * @param isLone whether the output was one map rather than a list
   */
  private record Classes(List<Object> labels, List<List<Number>> rows, boolean isLone) {

    float[] flattened() {
      float[] flat = new float[rows.size() * labels.size()];
      int at = 0;
      for (List<Number> row : rows) {
        for (Number number : row) {
          flat[at++] = number.floatValue();
        }
      }
      return flat;
    }

    void writeTo(JsonGenerator json) throws IOException {
      boolean isWhole = rows.stream().flatMap(List::stream).allMatch(Long.class::isInstance);
      boolean isDouble = rows.stream().flatMap(List::stream).anyMatch(Double.class::isInstance);
      Datatype datatype = isDouble ? Datatype.FP64 : isWhole ? Datatype.INT64 : Datatype.FP32;
      json.writeStringField("datatype", datatype.name());
      json.writeArrayFieldStart("shape");
      if (!isLone) {
        json.writeNumber(rows.size());
      }
      json.writeNumber(labels.size());
      json.writeEndArray();
      json.writeObjectFieldStart("parameters");
      json.writeArrayFieldStart("labels");
      for (Object label : labels) {
        json.writeObject(label);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeArrayFieldStart("data");
      for (List<Number> row : rows) {
        for (Number number : row) {
          json.writeObject(number);
        }
      }
      json.writeEndArray();
    }
  }

  private static Classes classes(String name, OnnxValue value) throws OrtException {
    List<? extends OnnxValue> maps =
        switch (value) {
          case OnnxMap map -> List.of(map);
          case OnnxSequence sequence when sequence.getInfo().isSequenceOfMaps() ->
              sequence.getValue();
          default ->
              throw new PayloadException(
                  500,
                  "output '%s' is %s, which neither the Open Inference Protocol nor CSV can carry; name other 'outputs' in the request, or export the model with tensors"
                      .formatted(name, value.getInfo()));
        };
    try {
      return classes(name, maps, value instanceof OnnxMap);
    } finally {
      if (value instanceof OnnxSequence) {
        maps.forEach(OnnxValue::close); // handed out by getValue, not freed with the sequence
      }
    }
  }

  private static Classes classes(String name, List<? extends OnnxValue> maps, boolean isLone)
      throws OrtException {
    List<Object> labels = List.of();
    var rows = new ArrayList<List<Number>>(maps.size());
    for (OnnxValue element : maps) {
      var map = new TreeMap<Object, Object>(((OnnxMap) element).getValue());
      if (!rows.isEmpty() && !labels.equals(List.copyOf(map.keySet()))) {
        throw new PayloadException(500, "output '%s' has maps with different keys".formatted(name));
      }
      labels = List.copyOf(map.keySet());
      rows.add(numbers(name, map));
    }
    return new Classes(labels, rows, isLone);
  }

  private static List<Number> numbers(String name, Map<Object, Object> map) {
    var numbers = new ArrayList<Number>(map.size());
    for (Object value : map.values()) {
      if (!(value instanceof Number number)) {
        throw new PayloadException(500, "output '%s' maps to texts".formatted(name));
      }
      numbers.add(number);
    }
    return numbers;
  }
}
