package dev.berth.runtime.embedded.serving;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Selectable inference: {@code SAGEMAKER_INFERENCE_OUTPUT} names what each row's answer holds.
 *
 * <p>A key that does not fit the objective has the value NaN. Values are float64, as Python's are
 * after {@code item()}: {@code 1.0 - p} is not rounded to float32.
 */
final class SelectableInference {
  private static final List<String> SCORE = List.of("predicted_score");
  private static final List<String> LABELS =
      List.of("predicted_label", "labels", "raw_score", "raw_scores");
  private static final List<String> PROBABILITIES =
      List.of(
          "predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores");
  private static final Map<String, List<String>> KEYS_OF_OBJECTIVE =
      Map.of(
          "reg:squarederror", SCORE,
          "reg:logistic", SCORE,
          "reg:gamma", SCORE,
          "reg:absoluteerror", SCORE,
          "reg:tweedie", SCORE,
          "binary:logistic", PROBABILITIES,
          "binary:logitraw", LABELS,
          "binary:hinge", LABELS,
          "multi:softmax", LABELS,
          "multi:softprob", PROBABILITIES);

  private final List<String> keys;
  private final String objective;

  /**
   * Makes one.
   *
   * @param setting value of {@code SAGEMAKER_INFERENCE_OUTPUT}, keys joined by commas
   * @param objective the model's
   */
  SelectableInference(String setting, String objective) {
    this.keys = List.of(setting.replace(" ", "").toLowerCase(Locale.ROOT).split(",", -1));
    this.objective = objective;
  }

  /**
   * Returns the answer's body as {@code accept} wants it.
   *
   * @param isBatch whether a transform job asks: CSV then ends with a line end, as in the container
   * @throws PayloadException with status 500 when the objective has no selectable inference, or
   *     there is no such encoding
   */
  ByteBuffer encode(Predictions predictions, String accept, boolean isBatch) {
    List<String> fitting = KEYS_OF_OBJECTIVE.get(objective);
    if (fitting == null) {
      throw new PayloadException(
          500,
          "Objective `%s` unsupported for selectable inference predictions.".formatted(objective));
    }
    var rows = new ArrayList<Map<String, Object>>(predictions.rows());
    for (int row = 0; row < predictions.rows(); row++) {
      rows.add(select(predictions, row, fitting));
    }
    return switch (accept) {
      case MediaTypes.JSON -> json(rows);
      case MediaTypes.JSON_LINES -> jsonLines(rows);
      case MediaTypes.CSV -> csv(rows, isBatch);
      case MediaTypes.RECORDIO_PROTOBUF -> RecordIo.write(rows);
      default ->
          throw new PayloadException(
              500, "Cannot encode selected predictions into accept type '%s'.".formatted(accept));
    };
  }

  /** Values are {@link Double}, {@link Integer} or a list of either, in the container's order. */
  private Map<String, Object> select(Predictions predictions, int row, List<String> fitting) {
    var selected = new LinkedHashMap<String, Object>();
    for (String key : fitting) {
      if (keys.contains(key)) {
        selected.put(key, value(key, predictions, row));
      }
    }
    for (String key : Set.copyOf(keys)) {
      selected.putIfAbsent(key, Double.NaN);
    }
    return selected;
  }

  private Object value(String key, Predictions predictions, int row) {
    int outputs = predictions.outputs();
    double[] scores =
        IntStream.range(row * outputs, (row + 1) * outputs)
            .mapToDouble(i -> predictions.values()[i])
            .toArray();
    int best = indexOfLargest(scores);
    boolean isMulticlass = objective.equals("multi:softprob");
    return switch (key) {
      case "predicted_label" -> predictedLabel(scores[0], best);
      case "labels" -> labels(outputs);
      case "probability", "raw_score" -> isMulticlass ? scores[best] : scores[0];
      case "probabilities", "raw_scores" ->
          isMulticlass
              ? IntStream.range(0, outputs).mapToObj(i -> scores[i]).toList()
              : List.of(1.0 - scores[0], scores[0]);
      default -> scores[0]; // predicted_score
    };
  }

  private Object predictedLabel(double score, int best) {
    return switch (objective) {
      case "binary:logistic" -> score > 0.5 ? 1 : 0;
      case "binary:logitraw" -> score > 0 ? 1 : 0;
      case "multi:softprob" -> best;
      default -> score; // binary:hinge and multi:softmax predict the label itself
    };
  }

  private Object labels(int outputs) {
    return switch (objective) {
      case "multi:softprob" -> IntStream.range(0, outputs).boxed().toList();
      case "multi:softmax" ->
          throw new PayloadException(
              500,
              "labels of multi:softmax are not available in the embedded runtime: the model answers"
                  + " only the label; use multi:softprob or leave 'labels' out of"
                  + " SAGEMAKER_INFERENCE_OUTPUT");
      default -> List.of(0, 1);
    };
  }

  private static int indexOfLargest(double[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  private static ByteBuffer json(List<Map<String, Object>> rows) {
    var out = new Ascii(rows.size() * 64);
    out.append("{\"predictions\": [");
    for (int row = 0; row < rows.size(); row++) {
      out.append(row == 0 ? "" : ", ");
      appendObject(out, rows.get(row));
    }
    return out.append("]}").toBuffer();
  }

  private static ByteBuffer jsonLines(List<Map<String, Object>> rows) {
    var out = new Ascii(rows.size() * 64);
    for (Map<String, Object> row : rows) {
      appendObject(out, row);
      out.append('\n');
    }
    return out.toBuffer();
  }

  /** Keys in the order they were asked in, lists in quotes; a line end between rows. */
  private ByteBuffer csv(List<Map<String, Object>> rows, boolean hasLastLineEnd) {
    var out = new Ascii(rows.size() * 32);
    for (int row = 0; row < rows.size(); row++) {
      out.append(row == 0 ? "" : "\n");
      for (int i = 0; i < keys.size(); i++) {
        out.append(i == 0 ? "" : ",");
        switch (rows.get(row).get(keys.get(i))) {
          case List<?> list -> {
            out.append('"');
            appendList(out, list);
            out.append('"');
          }
          case Double number -> PythonNumbers.append(out, number);
          case Object other -> out.append(other.toString());
          case null -> throw new IllegalStateException("no value selected for " + keys.get(i));
        }
      }
    }
    return (hasLastLineEnd ? out.append('\n') : out).toBuffer();
  }

  private static void appendObject(Ascii out, Map<String, Object> row) {
    String separator = "{\"";
    for (Map.Entry<String, Object> entry : row.entrySet()) {
      out.append(separator).append(entry.getKey()).append("\": ");
      if (entry.getValue() instanceof List<?> list) {
        appendList(out, list);
      } else {
        appendNumber(out, entry.getValue());
      }
      separator = ", \"";
    }
    out.append('}');
  }

  private static void appendList(Ascii out, List<?> list) {
    String separator = "[";
    for (Object value : list) {
      out.append(separator);
      appendNumber(out, value);
      separator = ", ";
    }
    out.append(']');
  }

  private static void appendNumber(Ascii out, Object number) {
    if (number instanceof Double value) {
      PythonNumbers.appendJson(out, value);
    } else {
      out.append(number.toString());
    }
  }
}
