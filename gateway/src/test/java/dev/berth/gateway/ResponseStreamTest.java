package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Target;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.eventstream.Message;

/** InvokeEndpointWithResponseStream, its events read by the AWS SDK's own decoder. */
class ResponseStreamTest {
  private final GatewayFixture gateway =
      new GatewayFixture(new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 1, 1_000_000));
  private final HttpClient client = HttpClient.newHttpClient();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() {
    gate.countDown();
    client.close();
    gateway.close();
  }

  private HttpResponse<InputStream> invoke(String endpoint) throws Exception {
    return invoke(gateway, endpoint);
  }

  private HttpResponse<InputStream> invoke(GatewayFixture gateway, String endpoint)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(
                URI.create(
                    "http://127.0.0.1:%d/endpoints/%s/invocations-response-stream"
                        .formatted(gateway.port(), endpoint)))
            .header("Content-Type", "text/csv")
            .header("Accept", "application/vnd.amazon.eventstream")
            .header("X-Amzn-SageMaker-Accept", "text/tokens")
            .POST(HttpRequest.BodyPublishers.ofString("1,2"))
            .build(),
        HttpResponse.BodyHandlers.ofInputStream());
  }

  /** Reads one event. */
  private static Message next(InputStream in) throws IOException {
    byte[] length = in.readNBytes(4);
    if (length.length < 4) {
      throw new EOFException();
    }
    int total = ByteBuffer.wrap(length).getInt();
    ByteBuffer frame = ByteBuffer.allocate(total).put(length).put(in.readNBytes(total - 4));
    return Message.decode(frame.flip());
  }

  private static String text(Message event) {
    return new String(event.getPayload(), StandardCharsets.UTF_8);
  }

  private static String header(Message event, String name) {
    return event.getHeaders().get(name).getString();
  }

  @Test
  void each_piece_is_an_event_that_comes_before_the_answer_is_complete() throws Exception {
    try (var streaming =
        new StandIn(
            "primary",
            exchange -> {
              String _ = StandIn.body(exchange);
              exchange.getResponseHeaders().set("Content-Type", "text/tokens");
              exchange.getResponseHeaders().set("X-Amzn-SageMaker-Custom-Attributes", "a=b");
              exchange.sendResponseHeaders(200, 0);
              exchange.getResponseBody().write("first".getBytes(StandardCharsets.UTF_8));
              exchange.getResponseBody().flush();
              gate.await();
              exchange.getResponseBody().write("last".getBytes(StandardCharsets.UTF_8));
            })) {
      gateway.endpoint("stream", gateway.instance(ExecutionMode.SERIAL, streaming.container()));
      HttpResponse<InputStream> answer = invoke("stream");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().map())
          .containsEntry("content-type", java.util.List.of("application/vnd.amazon.eventstream"))
          .containsEntry("x-amzn-sagemaker-content-type", java.util.List.of("text/tokens"))
          .containsEntry("x-amzn-sagemaker-custom-attributes", java.util.List.of("a=b"))
          .containsEntry("x-amzn-invoked-production-variant", java.util.List.of("blue"));
      Message first = next(answer.body());
      assertThat(text(first)).isEqualTo("first");
      assertThat(header(first, ":message-type")).isEqualTo("event");
      assertThat(header(first, ":event-type")).isEqualTo("PayloadPart");
      gate.countDown();
      assertThat(text(next(answer.body()))).isEqualTo("last");
      assertThat(answer.body().read()).isEqualTo(-1);
      assertThat(streaming.seen().getFirst().header("Accept")).isEqualTo("text/tokens");
      assertThat(streaming.seen().getFirst().header("Content-Type")).isEqualTo("text/csv");
    }
  }

  @Test
  void what_fails_before_the_first_byte_is_an_error_as_ever() throws Exception {
    try (var broken = StandIn.saying("primary", 500, "boom")) {
      gateway.endpoint("broken", gateway.instance(ExecutionMode.SERIAL, broken.container()));
      HttpResponse<InputStream> answer = invoke("broken");
      assertThat(answer.statusCode()).isEqualTo(424);
      assertThat(answer.headers().firstValue("content-type")).contains("application/json");
      assertThat(new String(answer.body().readAllBytes(), StandardCharsets.UTF_8))
          .contains("Received server error (500) from primary");
    }
  }

  @Test
  void an_answer_that_breaks_off_ends_with_a_model_stream_error() throws Exception {
    try (var breaking =
        new StandIn(
            "primary",
            exchange -> {
              String _ = StandIn.body(exchange);
              exchange.sendResponseHeaders(200, 100);
              exchange.getResponseBody().write("first".getBytes(StandardCharsets.UTF_8));
              exchange.getResponseBody().flush();
              gate.await(); // then the connection ends, with 95 bytes owed
            })) {
      gateway.endpoint("stream", gateway.instance(ExecutionMode.SERIAL, breaking.container()));
      HttpResponse<InputStream> answer = invoke("stream");
      assertThat(text(next(answer.body()))).isEqualTo("first");
      gate.countDown();
      Message error = next(answer.body());
      assertThat(header(error, ":message-type")).isEqualTo("exception");
      assertThat(header(error, ":exception-type")).isEqualTo("ModelStreamError");
      assertThat(text(error)).startsWith("{\"ErrorCode\":\"StreamBroken\",\"Message\":\"");
      assertThat(answer.body().read()).isEqualTo(-1);
    }
  }

  @Test
  void an_answer_that_takes_longer_than_the_limit_ends_with_a_model_stream_error()
      throws Exception {
    var limited =
        new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 1, 1_000_000)
            .withStreamTimeout(Duration.ofMillis(300));
    try (var hurried = new GatewayFixture(limited);
        var endless =
            new StandIn(
                "primary",
                exchange -> {
                  String _ = StandIn.body(exchange);
                  exchange.sendResponseHeaders(200, 0);
                  exchange.getResponseBody().write("first".getBytes(StandardCharsets.UTF_8));
                  exchange.getResponseBody().flush();
                  gate.await();
                })) {
      hurried.endpoint("stream", hurried.instance(ExecutionMode.SERIAL, endless.container()));
      HttpResponse<InputStream> answer = invoke(hurried, "stream");
      Message event = next(answer.body());
      while (header(event, ":message-type").equals("event")) {
        assertThat(text(event)).isEqualTo("first");
        event = next(answer.body());
      }
      assertThat(header(event, ":exception-type")).isEqualTo("ModelStreamError");
      assertThat(text(event))
          .startsWith("{\"ErrorCode\":\"ModelInvocationTimeExceeded\",\"Message\":\"The model");
      assertThat(answer.body().read()).isEqualTo(-1);
      hurried.awaitNothingInFlight(); // though the container goes on
      gate.countDown();
    }
  }

  @Test
  void a_model_in_the_jvm_answers_in_events_of_bounded_size() throws Exception {
    InProcessModel model =
        new InProcessModel() {
          @Override
          public boolean isQuick(int bodyBytes) {
            return true;
          }

          @Override
          public ModelResponse invoke(ModelRequest request) {
            return ModelResponse.text(200, "x".repeat(100_000));
          }
        };
    var container = new InstanceRoute.Container("primary", new Target.InProcess(model));
    gateway.endpoint("large", gateway.instance(ExecutionMode.SERIAL, container));
    InputStream events = invoke("large").body();
    assertThat(next(events).getPayload()).hasSize(65_536);
    assertThat(next(events).getPayload()).hasSize(100_000 - 65_536);
    assertThat(events.read()).isEqualTo(-1);
  }
}
