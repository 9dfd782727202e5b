package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.conformance.ConformanceCase;
import dev.berth.api.conformance.ConformanceCases;
import dev.berth.api.conformance.Expected;
import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.server.Server;
import dev.berth.server.ServerConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every constraint of every executed operation's model, broken one at a time over HTTP. One test a
 * case; its name is the case's.
 */
class ConformanceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path data;

  private static Server server;
  private static URI endpoint;
  private static HttpClient client;

  @BeforeAll
  static void start() throws Exception {
    server =
        Server.start(
            ServerConfig.load(Optional.empty(), Map.of("port", "0", "data-dir", data.toString())));
    endpoint = server.endpoint();
    client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    server.close();
  }

  @TestFactory
  Stream<DynamicTest> the_control_plane_keeps_its_model() {
    return ConformanceCases.of(SageMakerApi.SERVICE).stream()
        .map(one -> DynamicTest.dynamicTest(one.name(), () -> check(one)));
  }

  private static void check(ConformanceCase one) throws IOException, InterruptedException {
    HttpResponse<String> answer = send(one);
    JsonNode body = answer.body().isEmpty() ? JSON.nullNode() : JSON.readTree(answer.body());
    String type = body.path("__type").asText();
    String message = body.path("message").asText(body.path("Message").asText());
    assertThat(answer.headers().firstValue("x-amzn-RequestId")).isPresent();
    switch (one.expected()) {
      case Expected.Refused(int status, String errorType, String messagePart) -> {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(type).as(answer.body()).isEqualTo(errorType);
        assertThat(message).contains(messagePart);
      }
      case Expected.PassesConstraints() -> {
        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 400);
        assertThat(type).isNotEqualTo("SerializationException");
        assertThat(message).doesNotContain("validation error");
      }
    }
  }

  private static HttpResponse<String> send(ConformanceCase one)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(endpoint)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", one.target())
            .POST(BodyPublishers.ofString(one.body()))
            .build(),
        BodyHandlers.ofString());
  }
}
