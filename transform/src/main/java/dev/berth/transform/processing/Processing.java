package dev.berth.transform.processing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.berth.transform.body.Body;
import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.record.Batch;
import dev.berth.transform.record.RecordFilter;
import dev.berth.transform.record.RecordReader;
import dev.berth.transform.record.RecordReader.Slice;
import dev.berth.transform.record.Splitting;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What happens to records before and after the model: {@code InputFilter}, then the model, then
 * {@code JoinSource}, then {@code OutputFilter}, then {@code GenerateInferenceId}. Many threads at
 * a time.
 *
 * @param format what input and output are
 * @param splitting how the input is split
 * @param inputFilter what is sent
 * @param outputFilter what is kept of the joined record, or of the answer where nothing is joined
 * @param isJoined {@code JoinSource=Input}
 * @param ids what every output record gets
 */
public record Processing(
    Format format,
    Splitting splitting,
    JsonPath inputFilter,
    JsonPath outputFilter,
    boolean isJoined,
    Optional<InferenceIds> ids) {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final String OUTPUT = "SageMakerOutput";
  private static final String INPUT = "SageMakerInput";
  private static final String ID = "SageMakerInferenceId";
  private static final String TIME = "SageMakerInferenceTime";

  /** The media types that records can be taken apart in. */
  public enum Format {
    CSV,
    JSON,
    JSON_LINES
  }

  /** Returns whether the records are needed one by one before they are sent. */
  public boolean parsesInput() {
    return isJoined || !inputFilter.isAll();
  }

  /** Returns the filter of what is sent, null where all is. */
  public @Nullable RecordFilter filter() {
    if (inputFilter.isAll()) {
      return null;
    }
    return format == Format.CSV
        ? (record, out) -> out.write(row(inputFilter.select(columns(record))))
        : (record, out) -> out.write(JSON.writeValueAsBytes(inputFilter.select(json(record))));
  }

  private boolean hasLines() {
    return splitting.type() == Splitting.Type.LINE || format != Format.JSON;
  }

  /**
   * Writes the output of a request.
   *
   * @param object which object it is of, for the ids
   * @throws TransformFailure when the answer can't be read, or does not match the records
   */
  public void write(String object, Batch batch, Body answer, OutputStream out)
      throws IOException, TransformFailure {
    try (InputStream input = batch.inputStream();
        InputStream answered = answer.stream()) {
      RecordReader inputs = isJoined ? splitting.reader(input) : null;
      if (format == Format.CSV) {
        writeRows(object, batch, inputs, answered, out);
      } else {
        writeJson(object, batch, inputs, answered, out);
      }
    }
  }

  private void writeRows(
      String object,
      Batch batch,
      @Nullable RecordReader inputs,
      InputStream answered,
      OutputStream out)
      throws IOException, TransformFailure {
    RecordReader rows =
        new Splitting(Splitting.Type.LINE, true, Long.MAX_VALUE, true).reader(answered);
    long count = 0;
    for (; rows.next(); count++) {
      List<String> row = outputColumns(rows.content());
      if (inputs != null) {
        checkInput(inputs.next(), batch, count);
        var joined = new ArrayList<>(columns(inputs.content()));
        joined.addAll(row);
        row = joined;
      }
      row = outputFilter.select(row);
      if (ids.isPresent()) {
        row = new ArrayList<>(row);
        row.add(ids.get().id(object, batch.place().firstRecord() + count).toString());
        row.add(ids.get().time());
      }
      out.write(row(row));
      out.write('\n');
    }
    checkCount(batch, count);
  }

  private void writeJson(
      String object,
      Batch batch,
      @Nullable RecordReader inputs,
      InputStream answered,
      OutputStream out)
      throws IOException, TransformFailure {
    long count = 0;
    try (MappingIterator<JsonNode> values = JSON.readerFor(JsonNode.class).readValues(answered)) {
      for (; hasNext(values); count++) {
        JsonNode value = values.next();
        if (inputs != null) {
          checkInput(inputs.next(), batch, count);
          value = joined(json(inputs.content()), value);
        }
        value = outputFilter.select(value);
        if (ids.isPresent()) {
          value = identified(value, ids.get(), object, batch.place().firstRecord() + count);
        }
        out.write(JSON.writeValueAsBytes(value));
        if (hasLines()) {
          out.write('\n');
        }
      }
    }
    checkCount(batch, count);
  }

  private static boolean hasNext(MappingIterator<JsonNode> values)
      throws IOException, TransformFailure {
    try {
      return values.hasNextValue();
    } catch (JsonProcessingException e) {
      throw TransformFailure.client(
          "Failed to parse output from the algorithm as JSON: " + e.getOriginalMessage());
    }
  }

  private static JsonNode joined(JsonNode input, JsonNode output) {
    if (input instanceof ObjectNode object) {
      return object.set(OUTPUT, output);
    }
    ObjectNode both = JSON.createObjectNode();
    both.set(INPUT, input);
    return both.set(OUTPUT, output);
  }

  private static JsonNode identified(JsonNode value, InferenceIds ids, String object, long record) {
    ObjectNode with =
        value instanceof ObjectNode already ? already : JSON.createObjectNode().set(OUTPUT, value);
    with.put(ID, ids.id(object, record).toString());
    with.put(TIME, ids.time());
    return with;
  }

  private void checkInput(boolean isThere, Batch batch, long count) throws TransformFailure {
    if (!isThere) {
      throw mismatch(batch, "more than " + count);
    }
  }

  private void checkCount(Batch batch, long count) throws TransformFailure {
    if (isJoined && count != batch.records()) {
      throw mismatch(batch, Long.toString(count));
    }
  }

  private static TransformFailure mismatch(Batch batch, String count) {
    return TransformFailure.client(
        "Failed to join the output with the input: the algorithm answered %s records to %d"
            .formatted(count, batch.records()));
  }

  private static List<String> columns(Slice record) throws TransformFailure {
    return CsvRow.columns(CsvRow.text(record.bytes(), record.from(), record.to()));
  }

  private static List<String> outputColumns(Slice record) throws TransformFailure {
    try {
      return columns(record);
    } catch (TransformFailure e) {
      throw TransformFailure.client(
          "Failed to parse output from the algorithm as CSV: " + e.text());
    }
  }

  private static byte[] row(List<String> columns) {
    return CsvRow.bytes(String.join(",", columns));
  }

  private static JsonNode json(Slice record) throws IOException, TransformFailure {
    try {
      JsonNode value = JSON.readTree(record.bytes(), record.from(), record.length());
      if (value != null && !value.isMissingNode()) {
        return value;
      }
      throw TransformFailure.client("Failed to parse the record as JSON: it is empty");
    } catch (JsonProcessingException e) {
      throw TransformFailure.client(
          "Failed to parse the record as JSON: " + e.getOriginalMessage());
    }
  }
}
