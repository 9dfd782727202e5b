package dev.berth.identity.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Invokes credentials functions: what the settings name for an ARN, else Lambda's Invoke API (<a
 * href="https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html">API Reference</a>) where the
 * settings say it is. The event is {@code {}}; the answer {@code {"Credentials": {"Username": …,
 * "Password": …}}}. No answer is kept, logged or put into a message. Many threads at a time.
 */
public final class CredentialsFunctions {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_ANSWER_BYTES = 64 * 1024;
  private static final String EVENT = "{}";

  private final Config config;
  private final HttpClient http;

  /**
   * Who is asked.
   *
   * @param sources by function's ARN
   * @param lambda base URL of a Lambda API for all other functions; it gets no signature
   * @param timeout from asking to the end of the answer
   */
  public record Config(
      Map<String, FunctionSource> sources, Optional<URI> lambda, Duration timeout) {
    public Config {
      sources = Map.copyOf(sources);
    }
  }

  /** A registry's user and password; the text of this record is without them. */
  public record Credentials(String username, String password) {
    @Override
    public String toString() {
      return "Credentials[]";
    }
  }

  /** Why there are none, in words that follow the function's name. */
  public static final class FunctionException extends Exception {
    private static final long serialVersionUID = 1L;

    FunctionException(String reason) {
      super(reason);
    }

    /** The reason, without a full stop. */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }

  public CredentialsFunctions(Config config) {
    this.config = config;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(config.timeout())
            .build();
  }

  /**
   * Invokes the function and returns what it answers.
   *
   * @throws FunctionException when it fails, is late, or answers something else
   * @throws InterruptedException when this thread is interrupted
   */
  public Credentials invoke(String arn) throws FunctionException, InterruptedException {
    FunctionSource source = config.sources().get(arn);
    return switch (source) {
      case FunctionSource.Url(URI url) -> read(post(url));
      case FunctionSource.Command(String line) -> read(run(line));
      case null -> read(post(lambda(arn)));
    };
  }

  private URI lambda(String arn) throws FunctionException {
    URI base =
        config
            .lambda()
            .orElseThrow(() ->
                new FunctionException(
                    "is not known here: name an URL or a command for it in registry-credentials.functions, or a Lambda API in registry-credentials.lambda-endpoint"));
    return URI.create(
        "%s/2015-03-31/functions/%s/invocations"
            .formatted(
                base.toString().replaceFirst("/+$", ""),
                URLEncoder.encode(arn, StandardCharsets.UTF_8)));
  }

  private byte[] post(URI url) throws FunctionException, InterruptedException {
    var request =
        HttpRequest.newBuilder(url)
            .header("Content-Type", "application/json")
            .header("X-Amz-Invocation-Type", "RequestResponse")
            .POST(HttpRequest.BodyPublishers.ofString(EVENT))
            .build();
    var sent =
        http.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES));
    HttpResponse<byte[]> answer = await(sent, url.toString());
    if (answer.statusCode() != 200) {
      throw new FunctionException("was answered %d by %s".formatted(answer.statusCode(), url));
    }
    if (answer.headers().firstValue("X-Amz-Function-Error").isPresent()) {
      throw new FunctionException("failed%s".formatted(errorType(answer.body())));
    }
    return answer.body();
  }

  /** Returns the type of a function's error; its message might hold anything. */
  private static String errorType(byte[] body) {
    try {
      JsonNode type = JSON.readTree(body).path("errorType");
      return type.isTextual() ? " with " + type.textValue() : "";
    } catch (IOException _) {
      return "";
    }
  }

  private byte[] run(String line) throws FunctionException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder("/bin/sh", "-c", line)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new FunctionException("can't be run as a command: " + e.getMessage());
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        Future<byte[]> output = threads.submit(() -> talk(process));
        byte[] answer = await(output, "its command");
        if (process.exitValue() != 0) {
          throw new FunctionException(
              "failed: its command exited with code %d".formatted(process.exitValue()));
        }
        return answer;
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private static byte[] talk(Process process) throws IOException, InterruptedException {
    try (var event = process.getOutputStream()) {
      event.write(EVENT.getBytes(StandardCharsets.UTF_8));
    } catch (IOException _) {
      // it may well not care
    }
    try (InputStream output = process.getInputStream()) {
      byte[] answer = output.readNBytes(MAX_ANSWER_BYTES + 1);
      if (answer.length > MAX_ANSWER_BYTES) {
        throw new IOException("its answer has more than %d bytes".formatted(MAX_ANSWER_BYTES));
      }
      process.waitFor();
      return answer;
    }
  }

  private <T> T await(Future<T> answer, String from)
      throws FunctionException, InterruptedException {
    try {
      return answer.get(config.timeout().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      throw new FunctionException(
          "did not answer within %d ms (%s)".formatted(config.timeout().toMillis(), from));
    } catch (ExecutionException e) {
      throw new FunctionException("can't be asked (%s): %s".formatted(from, cause(e.getCause())));
    } finally {
      answer.cancel(true);
    }
  }

  private static String cause(@Nullable Throwable cause) {
    if (cause instanceof ConnectException && cause.getMessage() == null) {
      return "nothing listens there";
    }
    return cause == null || cause.getMessage() == null ? String.valueOf(cause) : cause.getMessage();
  }

  private static Credentials read(byte[] answer) throws FunctionException {
    JsonNode root;
    try {
      root = JSON.readTree(answer);
    } catch (JsonProcessingException _) {
      throw malformed("is not JSON");
    } catch (IOException _) {
      throw malformed("can't be read");
    }
    JsonNode credentials = root.path("Credentials");
    return new Credentials(text(credentials, "Username"), text(credentials, "Password"));
  }

  private static String text(JsonNode credentials, String member) throws FunctionException {
    JsonNode value = credentials.path(member);
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw malformed("has no text in Credentials." + member);
    }
    return value.textValue();
  }

  private static FunctionException malformed(String how) {
    return new FunctionException(
        "gave a malformed answer: it %s, and must be {\"Credentials\": {\"Username\": \"…\", \"Password\": \"…\"}}"
            .formatted(how));
  }
}
