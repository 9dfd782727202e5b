package dev.berth.transform.invoke;

import dev.berth.edge.backend.BackendClient;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Target;
import dev.berth.transform.body.Body;
import dev.berth.transform.body.Scratch;
import dev.berth.transform.body.Spool;
import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends a request through an instance's containers, one after the other: each gets the answer of
 * the one before as its body, with its content type; {@code Accept} goes to the last one only. A
 * connection that fails, no answer in time, 429 and 5xx are tried again. Blocks; many threads at a
 * time.
 */
public final class Invoker implements AutoCloseable {
  private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(5);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final int OK = 200;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVER_ERROR = 500;
  private static final int MOST_TOLD_BYTES = 4096;
  private static final int MOST_PARAMETER_BYTES = 1 << 16;

  private final BackendClient client = new BackendClient("berth-transform", CONNECT_PATIENCE);
  private final Scratch scratch;

  /** For models that compute here: on virtual threads they would keep all others from running. */
  private final ExecutorService computing =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().name("transform-model-", 0).daemon().factory());

  public Invoker(Scratch scratch) {
    this.scratch = scratch;
  }

  /** One container of an instance. */
  public record Container(String name, Target target) {}

  /**
   * How a job's requests are made.
   *
   * @param contentType {@code TransformInput.ContentType}, or null
   * @param accept {@code TransformOutput.Accept}, or null
   * @param timeout {@code InvocationsTimeoutInSeconds}, for each attempt
   * @param maxRetries {@code InvocationsMaxRetries}
   * @param isChunked whether bodies go in chunks, without a Content-Length ({@code
   *     MaxPayloadInMB=0})
   */
  public record Manner(
      @Nullable String contentType,
      @Nullable String accept,
      Duration timeout,
      int maxRetries,
      boolean isChunked) {}

  /**
   * Returns the answer of the last container; the caller closes it.
   *
   * @param isThere whether the instance is still there; where it isn't, nothing is tried again
   * @throws TransformFailure when a container refuses, or does not answer
   */
  public Body invoke(
      List<Container> containers, Manner manner, Body request, BooleanSupplier isThere)
      throws TransformFailure, InterruptedException {
    Answer answer = new Answer(0, manner.contentType(), request);
    for (int i = 0; i < containers.size(); i++) {
      boolean isLast = i == containers.size() - 1;
      Answer before = answer;
      try {
        answer =
            persistently(
                containers.get(i),
                new Request(before.contentType(), isLast ? manner.accept() : null, before.body()),
                manner,
                isThere);
      } finally {
        if (i > 0) {
          before.body().close();
        }
      }
    }
    return answer.body();
  }

  /**
   * Returns what {@code GET /execution-parameters} answers, null when it isn't 200.
   *
   * @param container the first of an instance
   */
  public @Nullable String executionParameters(InetSocketAddress container)
      throws InterruptedException {
    try (Spool spool = scratch.spool()) {
      var request = BackendClient.Request.get(container, "/execution-parameters");
      BackendClient.Answer answer = client.call(request, CONNECT_PATIENCE, spool::write);
      try (Body body = spool.body();
          InputStream text = body.stream()) {
        return answer.status() == OK
            ? new String(text.readNBytes(MOST_PARAMETER_BYTES), StandardCharsets.UTF_8)
            : null;
      }
    } catch (IOException _) {
      return null; // it isn't implemented
    }
  }

  @Override
  public void close() {
    client.close();
    computing.shutdown();
  }

  private record Request(@Nullable String contentType, @Nullable String accept, Body body) {}

  private record Answer(int status, @Nullable String contentType, Body body) {
    boolean isGood() {
      return status >= 200 && status < 300;
    }

    boolean mayPass() {
      return status == TOO_MANY_REQUESTS || status >= SERVER_ERROR;
    }
  }

  private Answer persistently(
      Container container, Request request, Manner manner, BooleanSupplier isThere)
      throws TransformFailure, InterruptedException {
    Duration pause = FIRST_PAUSE;
    for (int retry = 0; ; retry++) {
      TransformFailure failure;
      try {
        Answer answer = once(container.target(), request, manner);
        if (answer.isGood()) {
          return answer;
        }
        failure = refusal(container, answer);
        if (!answer.mayPass()) {
          throw failure;
        }
      } catch (IOException e) {
        failure =
            TransformFailure.algorithm(
                "Unable to get response from algorithm (container %s, attempt %d of %d): %s"
                    .formatted(container.name(), retry + 1, manner.maxRetries() + 1, words(e)));
      }
      if (retry >= manner.maxRetries() || !isThere.getAsBoolean()) {
        throw failure;
      }
      Thread.sleep(pause);
      pause = pause.multipliedBy(2);
    }
  }

  private static String words(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static TransformFailure refusal(Container container, Answer answer) throws IOException {
    try (Body body = answer.body();
        InputStream in = body.stream()) {
      String text = new String(in.readNBytes(MOST_TOLD_BYTES), StandardCharsets.UTF_8);
      return TransformFailure.answered(
          answer.status(),
          text.isBlank() ? "(container %s gave no message)".formatted(container.name()) : text);
    }
  }

  private Answer once(Target target, Request request, Manner manner)
      throws IOException, InterruptedException {
    return switch (target) {
      case Target.InProcess(InProcessModel model) -> inProcess(model, request);
      case Target.Http(InetSocketAddress address, String path) ->
          http(address, path, request, manner);
      case Target.MultiModel _ ->
          throw new IllegalStateException("a transform job's model can't be a multi-model one");
    };
  }

  private Answer inProcess(InProcessModel model, Request request) throws IOException {
    var asked =
        new ModelRequest(request.contentType(), request.accept(), null, request.body().buffer());
    ModelResponse response = computed(new FutureTask<>(() -> model.invoke(asked)));
    return new Answer(response.status(), response.contentType(), Body.of(response.body()));
  }

  /**
   * Waits to the end, as the model reads the request until then; an interrupt is kept for later.
   */
  private ModelResponse computed(FutureTask<ModelResponse> answer) {
    computing.execute(answer);
    boolean isInterrupted = false;
    try {
      while (true) {
        try {
          return answer.get();
        } catch (InterruptedException _) {
          isInterrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException("the model failed", e.getCause());
        }
      }
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Answer http(InetSocketAddress address, String path, Request request, Manner manner)
      throws IOException, InterruptedException {
    try (ReadableByteChannel body = request.body().channel();
        Spool spool = scratch.spool()) {
      BackendClient.Answer answer =
          client.call(
              new BackendClient.Request(
                  address,
                  "POST",
                  path,
                  headers(request),
                  body,
                  manner.isChunked() ? BackendClient.UNKNOWN_LENGTH : request.body().length()),
              manner.timeout(),
              spool::write);
      return new Answer(answer.status(), answer.contentType(), spool.body());
    }
  }

  private static Map<String, String> headers(Request request) {
    var headers = new HashMap<String, String>();
    if (request.contentType() != null) {
      headers.put("Content-Type", request.contentType());
    }
    if (request.accept() != null) {
      headers.put("Accept", request.accept());
    }
    return headers;
  }
}
