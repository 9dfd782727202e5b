package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EdgeServerTest {
  private static final int MAX_BODY = 100_000;
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final CountDownLatch gate = new CountDownLatch(1);
  private final Queue<HttpCall> calls = new ConcurrentLinkedQueue<>();
  private EdgeServer server =
      start(EdgeConfig.of("127.0.0.1", 0).withTimeouts(LONG, LONG, LONG, LONG));

  private EdgeServer start(EdgeConfig config) {
    var whole = new Destination.Whole(this::answer, MAX_BODY, ErrorForm.JSON);
    return EdgeServer.start(config, _ -> whole);
  }

  private void restart(EdgeConfig config) {
    server.close();
    server = start(config);
  }

  /** Echoes, but for paths that say otherwise. */
  private HttpAnswer answer(HttpCall call) {
    calls.add(call);
    switch (call.path()) {
      case "/throw" -> throw new IllegalStateException("told to");
      case "/bad-header" -> {
        return new HttpAnswer(200, Map.of("X-Bad", "a\r\nb"), ByteBuffer.allocate(0));
      }
      case "/wait" -> {
        try {
          gate.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      default -> {}
    }
    return new HttpAnswer(200, Map.of("Content-Type", "text/plain"), call.body());
  }

  @AfterEach
  void close() {
    gate.countDown();
    server.close();
  }

  private RawClient client() throws IOException {
    return new RawClient(server.port());
  }

  private static String post(String path, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: h\r\nContent-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  @Test
  void a_whole_call_is_answered_with_a_request_id_and_a_date() throws Exception {
    HttpResponse<String> response;
    try (HttpClient http = HttpClient.newHttpClient()) {
      response =
          http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + server.port() + "/a%20b?c=%2F"))
                  .POST(HttpRequest.BodyPublishers.ofString("hello"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
    }
    HttpCall call = calls.remove();
    assertThat(response.body()).isEqualTo("hello");
    assertThat(call.uri()).isEqualTo("/a%20b?c=%2F");
    assertThat(response.headers().firstValue("x-amzn-RequestId")).contains(call.requestId());
    assertThat(UUID.fromString(call.requestId()).version()).isEqualTo(4);
    assertThat(response.headers().firstValue("Date").orElseThrow()).endsWith(" GMT");
  }

  @Test
  void a_connection_serves_one_request_after_the_other() throws Exception {
    try (RawClient client = client()) {
      assertThat(client.send(post("/", "one")).read().body()).isEqualTo("one");
      assertThat(client.send(post("/", "two")).read().body()).isEqualTo("two");
    }
  }

  @Test
  void pipelined_requests_are_answered_in_order() throws Exception {
    var many = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      many.append(post("/", "request " + i));
    }
    try (RawClient client = client()) {
      client.send(many.toString());
      for (int i = 0; i < 500; i++) {
        assertThat(client.read().body()).isEqualTo("request " + i);
      }
    }
  }

  @Test
  void http_1_0_closes_unless_it_asks_not_to() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      assertThat(client.read().headers()).containsEntry("connection", "keep-alive");
      client.send("GET / HTTP/1.0\r\n\r\n");
      assertThat(client.read().headers()).containsEntry("connection", "close");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void connection_close_is_honoured() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      assertThat(client.read().headers()).containsEntry("connection", "close");
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void head_has_the_length_but_no_body() throws Exception {
    try (RawClient client = client()) {
      client.send("HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
      assertThat(client.readHeadOnly().headers()).containsEntry("content-length", "3");
      assertThat(client.send(post("/", "next")).read().body()).isEqualTo("next");
    }
  }

  @Test
  void expect_100_continue_is_answered_before_the_body_comes() throws Exception {
    try (RawClient client = client()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(100);
      assertThat(client.send("abc").read().body()).isEqualTo("abc");
    }
  }

  @Test
  void an_announced_body_that_is_too_large_is_refused_without_100_continue() throws Exception {
    try (RawClient client = client()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(413);
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void a_client_that_goes_on_sending_still_reads_its_413() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n");
      client.send(new byte[500_000]);
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(413);
      assertThat(answer.headers()).containsEntry("connection", "close");
      assertThat(answer.body()).contains("RequestEntityTooLarge").contains("100000 bytes");
    }
  }

  @Test
  void a_chunked_body_is_counted_as_it_comes() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      client.send("1e8480\r\n").send(new byte[200_000]);
      assertThat(client.read().status()).isEqualTo(413);
    }
  }

  @Test
  void content_length_with_transfer_encoding_is_refused() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n");
      client.send("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
      client.send("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(400);
      assertThat(client.isEnded()).isTrue();
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void two_content_lengths_are_refused() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(400);
    }
  }

  @Test
  void a_long_uri_is_414_and_long_headers_are_431() throws Exception {
    try (RawClient client = client()) {
      client.send("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(414);
    }
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + "a".repeat(70_000) + "\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(431);
    }
  }

  @Test
  void what_is_not_http_is_400() throws Exception {
    try (RawClient client = client()) {
      client.send("\u0016\u0003\u0001 hello\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(400);
    }
  }

  @Test
  void a_malformed_chunk_is_400() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc");
      assertThat(client.read().status()).isEqualTo(400);
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void a_truncated_body_reaches_no_service() throws Exception {
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    }
    try (RawClient client = client()) {
      assertThat(client.send(post("/", "after")).read().body()).isEqualTo("after");
    }
    assertThat(calls).hasSize(1);
  }

  @Test
  void a_head_that_drips_is_408_however_often_it_drips() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withTimeouts(SHORT, LONG, LONG, LONG));
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\n").send("X-A: b\r\n");
      assertThat(client.read().status()).isEqualTo(408);
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void a_connection_that_says_nothing_is_closed() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withTimeouts(SHORT, LONG, LONG, LONG));
    try (RawClient client = client()) {
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void a_body_that_stops_is_408() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withTimeouts(LONG, SHORT, LONG, LONG));
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
      assertThat(client.read().status()).isEqualTo(408);
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void an_idle_connection_is_closed_after_the_keep_alive_time() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withTimeouts(LONG, LONG, SHORT, LONG));
    try (RawClient client = client()) {
      assertThat(client.send(post("/", "x")).read().status()).isEqualTo(200);
      assertThat(client.isEnded()).isTrue();
    }
  }

  @Test
  void a_service_that_throws_is_500_and_the_connection_lives_on() throws Exception {
    try (RawClient client = client()) {
      RawClient.Answer answer = client.send(post("/throw", "")).read();
      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.body()).contains("InternalFailure").doesNotContain("told to");
      assertThat(client.send(post("/bad-header", "")).read().status()).isEqualTo(500);
      assertThat(client.send(post("/", "x")).read().status()).isEqualTo(200);
    }
  }

  @Test
  void more_calls_than_the_bound_are_503_at_once() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withBounds(100, 1));
    try (RawClient busy = client();
        RawClient refused = client()) {
      busy.send(post("/wait", "x"));
      await().until(() -> !calls.isEmpty());
      assertThat(refused.send(post("/", "y")).read().status()).isEqualTo(503);
      gate.countDown();
      assertThat(busy.read().status()).isEqualTo(200);
    }
  }

  @Test
  void more_connections_than_the_bound_are_503() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withBounds(1, 1));
    try (RawClient first = client()) {
      assertThat(first.send(post("/", "x")).read().status()).isEqualTo(200);
      try (RawClient second = client()) {
        assertThat(second.read().status()).isEqualTo(503);
        assertThat(second.isEnded()).isTrue();
      }
    }
  }

  @Test
  void close_ends_idle_connections_and_lets_the_busy_ones_finish() throws Exception {
    try (RawClient idle = client();
        RawClient busy = client()) {
      assertThat(idle.send(post("/", "x")).read().status()).isEqualTo(200);
      busy.send(post("/wait", "last words"));
      await().until(() -> calls.size() == 2);
      Thread closing = Thread.ofVirtual().start(server::close);
      assertThat(idle.isEnded()).isTrue();
      gate.countDown();
      RawClient.Answer answer = busy.read();
      assertThat(answer.body()).isEqualTo("last words");
      assertThat(answer.headers()).containsEntry("connection", "close");
      assertThat(closing.join(LONG)).isTrue();
      assertThatThrownBy(this::client).isInstanceOf(IOException.class);
    }
  }

  @Test
  void close_does_not_wait_for_ever() throws Exception {
    restart(EdgeConfig.of("127.0.0.1", 0).withTimeouts(LONG, LONG, LONG, SHORT));
    try (RawClient busy = client()) {
      busy.send(post("/wait", "x"));
      await().until(() -> !calls.isEmpty());
      server.close();
      assertThat(busy.isEnded()).isTrue();
    }
  }

  @Test
  void a_taken_port_is_named_with_what_to_do() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> start(EdgeConfig.of("127.0.0.1", port)))
          .isInstanceOf(EdgeServer.PortUnavailableException.class)
          .hasMessageContaining("port " + port)
          .hasMessageContaining("127.0.0.1")
          .hasMessageContaining("--port");
    }
  }

  @Test
  void an_error_speaks_the_protocol_of_its_service() {
    var error = new WireError(400, "Code", "a \"b\" <c>");
    assertThat(new String(ErrorForm.JSON.body(error, "id"), StandardCharsets.UTF_8))
        .isEqualTo("{\"__type\":\"Code\",\"message\":\"a \\\"b\\\" <c>\"}");
    assertThat(new String(ErrorForm.S3.body(error, "id"), StandardCharsets.UTF_8))
        .contains("<Message>a &quot;b&quot; &lt;c&gt;</Message><RequestId>id</RequestId>");
  }
}
