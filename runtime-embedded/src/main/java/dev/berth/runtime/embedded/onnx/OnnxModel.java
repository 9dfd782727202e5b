package dev.berth.runtime.embedded.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.runtime.embedded.serving.CsvReader;
import dev.berth.runtime.embedded.serving.MediaTypes;
import dev.berth.runtime.embedded.serving.Pace;
import dev.berth.runtime.embedded.serving.PayloadException;
import dev.berth.runtime.embedded.serving.Rows;
import dev.berth.runtime.embedded.serving.ServedModel;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An ONNX model that answers invocations.
 *
 * <ul>
 *   <li>{@code application/json}, also when no Content-Type is given: Open Inference Protocol v2.
 *   <li>{@code text/csv}, when the model takes one float matrix: a line for each row; the answer is
 *       the model's last floating-point output ({@link OnnxAnswers#toMatrix}), as {@code text/csv}
 *       or, when asked for, as the JSON of AWS's tabular containers.
 * </ul>
 */
public final class OnnxModel implements ServedModel {
  private static final Logger log = LoggerFactory.getLogger(OnnxModel.class);

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final String name;
  private final long memoryBytes;
  private final List<InputSpec> inputs;
  private final InferenceRequestReader reader;
  private final OnnxAnswers answers;

  /** Read side: invocations, which use the session. Write side: its closing. */
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

  private final Pace pace = new Pace();

  /** Turns new invocations away, which would else keep the write side waiting for ever. */
  private volatile boolean isClosing;

  private boolean isClosed; // guarded by use

  OnnxModel(OrtEnvironment environment, OrtSession session, String name, long memoryBytes)
      throws OrtException {
    this.environment = environment;
    this.session = session;
    this.name = name;
    this.memoryBytes = memoryBytes;
    this.inputs =
        session.getInputInfo().values().stream()
            .map((NodeInfo node) -> InputSpec.of(node))
            .toList();
    this.reader = new InferenceRequestReader(inputs, session.getOutputNames());
    this.answers = new OnnxAnswers(name, List.copyOf(session.getOutputNames()));
  }

  @Override
  public boolean isQuick(int bodyBytes) {
    return pace.isQuick(bodyBytes);
  }

  /** Never waits: the lock is only held against it from the moment nothing may use the session. */
  @Override
  public ModelResponse invoke(ModelRequest request) {
    if (isClosing || !use.readLock().tryLock()) {
      return unloaded();
    }
    int bytes = request.body().remaining();
    long begun = System.nanoTime();
    try {
      if (isClosed) {
        return unloaded();
      }
      ModelResponse answer = answer(request);
      pace.note(bytes, System.nanoTime() - begun);
      return answer;
    } catch (PayloadException refused) {
      return refused.response();
    } catch (OrtException failure) {
      return failed(failure);
    } finally {
      use.readLock().unlock();
    }
  }

  private static ModelResponse unloaded() {
    return ModelResponse.text(503, "The model has been unloaded.");
  }

  private ModelResponse failed(OrtException failure) {
    boolean isCallers = failure.getCode() == OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT;
    if (!isCallers) {
      log.warn("model '{}' failed on an invocation", name, failure);
    }
    return ModelResponse.text(
        isCallers ? 400 : 500, "The model failed on this payload: " + failure.getMessage());
  }

  private ModelResponse answer(ModelRequest request) throws OrtException {
    String contentType =
        request.contentType() == null ? MediaTypes.JSON : MediaTypes.essence(request.contentType());
    try (Arena arena = Arena.ofConfined()) {
      return switch (contentType) {
        case MediaTypes.JSON -> answerJson(request, arena);
        case MediaTypes.JSON_LINES -> answerJsonLines(request);
        case MediaTypes.CSV, "csv" -> answerCsv(request, arena);
        default ->
            throw new PayloadException(
                415,
                "%s is not an accepted ContentType: application/json (Open Inference Protocol v2), application/jsonlines, text/csv."
                    .formatted(contentType));
      };
    }
  }

  private ModelResponse answerJson(ModelRequest request, Arena arena) throws OrtException {
    MediaTypes.negotiate(request.accept(), MediaTypes.JSON, List.of(MediaTypes.JSON));
    return ok(MediaTypes.JSON, inferred(request.body(), arena));
  }

  private ByteBuffer inferred(ByteBuffer body, Arena arena) throws OrtException {
    InferenceRequest inference = reader.read(body, arena);
    try (OrtSession.Result result = run(inference.inputs())) {
      return answers.toJson(inference.id(), inference.outputs(), result);
    }
  }

  /** Answers each line as a request of its own, which is what a transform job's records are. */
  private ModelResponse answerJsonLines(ModelRequest request) throws OrtException {
    MediaTypes.negotiate(request.accept(), MediaTypes.JSON_LINES, List.of(MediaTypes.JSON_LINES));
    var out = new ByteArrayOutputStream();
    for (ByteBuffer line : lines(request.body())) {
      try (Arena arena = Arena.ofConfined()) {
        ByteBuffer answer = inferred(line, arena);
        byte[] bytes = new byte[answer.remaining()];
        answer.get(bytes);
        out.writeBytes(bytes);
        out.write('\n');
      }
    }
    return ok(MediaTypes.JSON_LINES, ByteBuffer.wrap(out.toByteArray()));
  }

  /** Returns the lines that are not blank, without their line ends. */
  private static List<ByteBuffer> lines(ByteBuffer body) {
    var lines = new ArrayList<ByteBuffer>();
    int from = body.position();
    boolean isBlank = true;
    for (int at = from; at <= body.limit(); at++) {
      if (at == body.limit() || body.get(at) == '\n') {
        if (!isBlank) {
          lines.add(body.slice(from, at - from));
        }
        from = at + 1;
        isBlank = true;
      } else if (body.get(at) > ' ' || body.get(at) < 0) {
        isBlank = false;
      }
    }
    return lines;
  }

  private ModelResponse answerCsv(ModelRequest request, Arena arena) throws OrtException {
    if (inputs.size() != 1 || !inputs.getFirst().isFloatMatrix()) {
      throw new PayloadException(
          415,
          "text/csv is for models with one float matrix as input; this one takes %s: send application/json (Open Inference Protocol v2)."
              .formatted(InputSpec.list(inputs)));
    }
    InputSpec input = inputs.getFirst();
    Elements elements = elements(input, CsvReader.read(request.body()), arena);
    String accept =
        MediaTypes.negotiate(
            request.accept(), MediaTypes.CSV, List.of(MediaTypes.CSV, MediaTypes.JSON));
    try (OrtSession.Result result = run(Map.of(input.name(), elements))) {
      var predictions = answers.toMatrix(elements.rows(), result);
      return accept.equals(MediaTypes.JSON)
          ? ok(MediaTypes.JSON, predictions.toJson())
          : ok("text/csv; charset=utf-8", predictions.toCsv());
    }
  }

  private static Elements elements(InputSpec input, Rows rows, Arena arena) {
    long[] shape = {rows.count(), rows.columns()};
    if (!input.fits(shape)) {
      throw new PayloadException(
          400,
          "Unable to evaluate payload provided: input '%s' expects %s, got csv of %d rows and %d columns."
              .formatted(input.name(), input.type(), rows.count(), rows.columns()));
    }
    int count = rows.count() * rows.columns();
    var elements = new Elements(input.datatype(), shape, count, arena);
    for (int i = 0; i < count; i++) {
      elements.add((double) rows.values()[i]);
    }
    return elements;
  }

  private OrtSession.Result run(Map<String, Elements> inputs) throws OrtException {
    var tensors = new LinkedHashMap<String, OnnxTensor>();
    try {
      for (Map.Entry<String, Elements> input : inputs.entrySet()) {
        tensors.put(input.getKey(), input.getValue().toTensor(environment));
      }
      return session.run(tensors);
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private static ModelResponse ok(String contentType, ByteBuffer body) {
    return new ModelResponse(200, contentType, body);
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  @Override
  public void close() {
    isClosing = true;
    use.writeLock().lock();
    try {
      if (!isClosed) {
        isClosed = true;
        session.close();
      }
    } catch (OrtException failure) {
      throw new IllegalStateException("could not free ONNX model '%s'".formatted(name), failure);
    } finally {
      use.writeLock().unlock();
    }
  }
}
