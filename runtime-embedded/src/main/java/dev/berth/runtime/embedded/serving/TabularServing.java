package dev.berth.runtime.embedded.serving;

import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.runtime.embedded.tree.TabularModel;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a {@link TabularModel} as the server of AWS's XGBoost container does ({@code serve.py}).
 *
 * <p>In: {@code text/csv}, {@code text/libsvm}, {@code text/x-libsvm}, {@code
 * application/x-recordio-protobuf}, their short names, and no Content-Type, which means libsvm.
 * Out: {@code text/csv}, {@code application/json}; with {@code SAGEMAKER_INFERENCE_OUTPUT} also
 * {@code application/jsonlines} and recordio-protobuf. Parameters of a type are ignored but for
 * {@code label_size} of CSV, which may only be 1 and takes no column away.
 */
public final class TabularServing implements ServedModel {
  private static final Logger log = LoggerFactory.getLogger(TabularServing.class);
  private static final List<String> ACCEPTS =
      List.of(MediaTypes.JSON, MediaTypes.JSON_LINES, MediaTypes.RECORDIO_PROTOBUF, MediaTypes.CSV);
  private static final int MOST_VALUES = Integer.MAX_VALUE / 64; // an answer stays under 2 GiB

  private final TabularModel model;
  private final boolean isMultiModel;
  private final String defaultAccept;
  private final Optional<SelectableInference> selection;
  private final boolean isBatch;
  private final boolean shiftsOneBased;
  private final Pace pace = new Pace();

  /**
   * Makes one; it closes {@code model} when it is closed.
   *
   * @param environment the container's variables: {@code SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT},
   *     {@code SAGEMAKER_INFERENCE_OUTPUT}, {@code SAGEMAKER_MULTI_MODEL} and {@code
   *     SAGEMAKER_BATCH} are used; the last, which a transform job sets, makes every answer a line
   *     a row, whatever is accepted; with {@code SAGEMAKER_INFERENCE_OUTPUT} it only adds the line
   *     end that the last row of CSV lacks otherwise
   * @param shiftsOneBased whether libsvm indices that start at 1 or higher are counted from 1, as
   *     the container does from version 3.2-0 on
   */
  public TabularServing(
      TabularModel model, Map<String, String> environment, boolean shiftsOneBased) {
    this.model = model;
    this.isMultiModel = environment.containsKey("SAGEMAKER_MULTI_MODEL");
    this.defaultAccept =
        environment.getOrDefault(
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
            isMultiModel ? MediaTypes.JSON : MediaTypes.CSV);
    this.selection =
        Optional.ofNullable(environment.get("SAGEMAKER_INFERENCE_OUTPUT"))
            .map(keys -> new SelectableInference(keys, model.objective()));
    this.isBatch = environment.containsKey("SAGEMAKER_BATCH");
    this.shiftsOneBased = shiftsOneBased;
  }

  @Override
  public boolean isQuick(int bodyBytes) {
    return pace.isQuick(bodyBytes);
  }

  @Override
  public ModelResponse invoke(ModelRequest request) {
    int bytes = request.body().remaining();
    if (bytes == 0) {
      return new ModelResponse(204, null, ByteBuffer.allocate(0));
    }
    long begun = System.nanoTime();
    try {
      ModelResponse answer = answer(request);
      pace.note(bytes, System.nanoTime() - begun);
      return answer;
    } catch (PayloadException refused) {
      return refused.response();
    }
  }

  /** The order of the checks is the container's: payload, then features, then Accept. */
  private ModelResponse answer(ModelRequest request) {
    Predictions predictions = predict(read(request));
    if (isBatch && selection.isEmpty()) {
      return answer("text/csv; charset=utf-8", predictions.toLines());
    }
    String accept = MediaTypes.negotiate(request.accept(), defaultAccept, ACCEPTS);
    if (selection.isPresent()) {
      return answer(accept, selection.get().encode(predictions, accept, isBatch));
    }
    return switch (accept) {
      case MediaTypes.CSV ->
          answer(
              "text/csv; charset=utf-8",
              isMultiModel ? predictions.toOneLine() : predictions.toCsv());
      case MediaTypes.JSON ->
          answer(MediaTypes.JSON, isMultiModel ? predictions.toJsonArray() : predictions.toJson());
      default ->
          throw new PayloadException(
              500,
              "Cannot encode predictions into accept type '%s'; use text/csv or application/json, or set SAGEMAKER_INFERENCE_OUTPUT."
                  .formatted(accept));
    };
  }

  private static ModelResponse answer(String contentType, ByteBuffer body) {
    return new ModelResponse(200, contentType, body);
  }

  private Rows read(ModelRequest request) {
    return switch (kind(request.contentType())) {
      case "csv" -> checked("csv", CsvReader.read(request.body()));
      case "libsvm" -> LibsvmReader.read(request.body(), model.features(), shiftsOneBased);
      default -> checked("recordio-protobuf", RecordIo.read(request.body(), model.features()));
    };
  }

  private static String kind(@Nullable String contentType) {
    if (contentType == null) {
      return "libsvm";
    }
    return switch (MediaTypes.essence(contentType)) {
      case "text/csv", "csv" -> csv(contentType);
      case "text/libsvm", "text/x-libsvm", "libsvm" -> "libsvm";
      case "application/x-recordio-protobuf", "recordio-protobuf" -> "recordio-protobuf";
      default ->
          throw new PayloadException(
              415,
              contentType
                  + " is not an accepted ContentType: csv, libsvm, recordio-protobuf, text/csv,"
                  + " text/libsvm, text/x-libsvm, application/x-recordio-protobuf.");
    };
  }

  private static String csv(String contentType) {
    String labelSize = MediaTypes.parameter(contentType, "label_size");
    if (labelSize != null && !labelSize.equals("1")) {
      throw new PayloadException(
          415,
          contentType
              + " is not an accepted csv ContentType. Optional parameter label_size must be equal"
              + " to 1");
    }
    return "csv";
  }

  /** One column fewer is let through: a model trained on libsvm counts an unused column 0. */
  private Rows checked(String kind, Rows rows) {
    int features = model.features();
    if (features > 0 && rows.columns() != features && rows.columns() != features - 1) {
      throw new PayloadException(
          400,
          "Unable to evaluate payload provided: Feature size of %s inference data %d is not consistent with feature size of trained model %d."
              .formatted(kind, rows.columns(), features));
    }
    return rows;
  }

  private Predictions predict(Rows rows) {
    int outputs = model.outputs();
    if ((long) rows.count() * outputs > MOST_VALUES) {
      throw new PayloadException(
          400,
          "Unable to evaluate payload provided: %d rows with %d values each are more than one answer takes; send fewer rows a call."
              .formatted(rows.count(), outputs));
    }
    float[] values = new float[rows.count() * outputs];
    try {
      model.predict(rows.values(), rows.count(), rows.columns(), values);
    } catch (IllegalStateException closed) {
      throw new PayloadException(503, "The model has been unloaded: " + closed.getMessage());
    } catch (RuntimeException failure) {
      log.warn(
          "a prediction of {} rows by {} columns failed", rows.count(), rows.columns(), failure);
      throw new PayloadException(
          400, "Unable to evaluate payload provided: " + failure.getMessage());
    }
    return new Predictions(values, rows.count(), outputs);
  }

  @Override
  public long memoryBytes() {
    return model.memoryBytes();
  }

  @Override
  public void close() {
    model.close();
  }
}
