package dev.berth.edge.backend;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.berth.edge.backend.BackendClient.Answer;
import dev.berth.edge.backend.BackendClient.Request;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against servers of the JDK's, and sockets for what those don't do. */
class BackendClientTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(200);

  private final BackendClient client = new BackendClient("backend-client-test", LONG);
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private HttpServer server;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/echo", BackendClientTest::echo);
    server.start();
  }

  @AfterEach
  void close() {
    client.close();
    server.stop(0);
  }

  @Test
  void a_long_body_arrives_and_comes_back_as_it_was() throws Exception {
    byte[] body = body(20_000_000);

    Answer answer = client.call(post(body, body.length), LONG, this::take);

    assertThat(answer).isEqualTo(new Answer(200, "text/echo"));
    assertThat(received.toByteArray()).isEqualTo(body);
  }

  @Test
  void a_body_of_unknown_length_goes_in_chunks() throws Exception {
    byte[] body = body(1_000_000);

    Answer answer = client.call(post(body, BackendClient.UNKNOWN_LENGTH), LONG, this::take);

    assertThat(answer.contentType()).isEqualTo("chunked");
    assertThat(received.toByteArray()).isEqualTo(body);
  }

  @Test
  void many_threads_calls_keep_their_bodies_apart() throws Exception {
    var calls = new ArrayList<Callable<Boolean>>();
    for (int i = 0; i < 40; i++) {
      byte[] body = body(100_000 + i);
      calls.add(() -> {
        var mine = new ByteArrayOutputStream();
        for (int turn = 0; turn < 5; turn++) {
          var _ = client.call(post(body, body.length), LONG, piece -> write(piece, mine));
          assertThat(mine.toByteArray()).isEqualTo(body);
          mine.reset();
        }
        return true;
      });
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> call : threads.invokeAll(calls)) {
        assertThat(call.get()).isTrue();
      }
    }
  }

  @Test
  void an_answer_that_comes_before_the_whole_request_was_taken_is_the_answer() throws Exception {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var refusing = CompletableFuture.runAsync(() -> refuse(socket));

      byte[] body = body(50_000_000);
      Answer answer = client.call(post(address(socket), body, body.length), LONG, this::take);

      assertThat(answer.status()).isEqualTo(413);
      assertThat(received.toString(US_ASCII)).isEqualTo("large");
      refusing.join();
    }
  }

  @Test
  void nothing_of_a_body_is_read_once_its_time_is_over() throws Exception {
    try (var deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      byte[] body = body(50_000_000);
      var stream = new ByteArrayInputStream(body);
      ReadableByteChannel channel = Channels.newChannel(stream);
      var request = new Request(address(deaf), "POST", "/", Map.of(), channel, body.length);

      assertThatThrownBy(() -> client.call(request, SHORT, this::take))
          .isInstanceOf(IOException.class)
          .hasMessage("no answer within 0 seconds");

      int left = stream.available();
      assertThat(left).isBetween(1, body.length - 1);
      try (Socket taken = deaf.accept()) {
        int taking = taken.getInputStream().readAllBytes().length; // to the end of the connection
        assertThat(taking).isLessThan(body.length);
      }
      assertThat(stream.available()).isEqualTo(left);
    }
  }

  @Test
  void an_interrupt_gives_the_call_up() throws Exception {
    try (var deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var ended = new CompletableFuture<Throwable>();
      Thread caller = asking(deaf, ended);
      try (Socket taken = deaf.accept()) {
        assertThat(taken.getInputStream().read()).isEqualTo('G');
        caller.interrupt();

        assertThat(ended.join()).isInstanceOf(InterruptedException.class);
        assertThat(taken.getInputStream().readAllBytes()).endsWith((byte) '\r', (byte) '\n');
      }
    }
  }

  @Test
  void a_receiver_that_fails_fails_the_call() {
    byte[] body = body(1000);

    assertThatThrownBy(() ->
            client.call(
                post(body, body.length),
                LONG,
                _ -> {
                  throw new IOException("disk full");
                }))
        .hasMessage("disk full");
  }

  @Test
  void a_body_that_cannot_be_read_fails_the_call() throws IOException {
    ReadableByteChannel closed = Channels.newChannel(new ByteArrayInputStream(body(10)));
    closed.close();
    var request = new Request(server.getAddress(), "POST", "/echo", Map.of(), closed, 10);

    assertThatThrownBy(() -> client.call(request, LONG, this::take))
        .isInstanceOf(IOException.class);
  }

  @Test
  void nobody_listening_is_told_with_the_address() throws IOException {
    InetSocketAddress nowhere;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nowhere = address(socket);
    }
    assertThatThrownBy(() -> client.call(Request.get(nowhere, "/"), LONG, this::take))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("could not connect to")
        .hasMessageContaining(Integer.toString(nowhere.getPort()));
  }

  @Test
  void calls_that_run_end_when_the_client_is_closed() throws Exception {
    try (var deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var ended = new CompletableFuture<Throwable>();
      Thread _ = asking(deaf, ended);
      try (Socket taken = deaf.accept()) {
        assertThat(taken.getInputStream().read()).isEqualTo('G');
        client.close();
        assertThat(ended.join()).isInstanceOf(IOException.class);
      }
    }
  }

  /** Calls one that doesn't answer; {@code ended} is told why that came to its end. */
  private Thread asking(ServerSocket deaf, CompletableFuture<Throwable> ended) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            var _ = client.call(Request.get(address(deaf), "/"), LONG, this::take);
          } catch (IOException | InterruptedException e) {
            ended.complete(e);
          }
        });
  }

  private Request post(byte[] body, long length) {
    return post(server.getAddress(), body, length);
  }

  private static Request post(InetSocketAddress origin, byte[] body, long length) {
    ReadableByteChannel channel = Channels.newChannel(new ByteArrayInputStream(body));
    return new Request(origin, "POST", "/echo", Map.of("Content-Type", "text/x"), channel, length);
  }

  private void take(ByteBuffer piece) {
    write(piece, received);
  }

  private static void write(ByteBuffer piece, ByteArrayOutputStream out) {
    byte[] bytes = new byte[piece.remaining()];
    piece.get(bytes);
    out.writeBytes(bytes);
  }

  private static byte[] body(int length) {
    byte[] body = new byte[length];
    new Random(length).nextBytes(body);
    return body;
  }

  private static InetSocketAddress address(ServerSocket socket) {
    return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
  }

  private static void echo(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      boolean isChunked = exchange.getRequestHeaders().containsKey("Transfer-Encoding");
      exchange.getResponseHeaders().set("Content-Type", isChunked ? "chunked" : "text/echo");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Answers before it has read more than a part, and resets the connection. */
  private static void refuse(ServerSocket socket) {
    try (Socket connection = socket.accept()) {
      byte[] some = connection.getInputStream().readNBytes(100_000);
      assertThat(some).hasSize(100_000);
      connection
          .getOutputStream()
          .write("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge".getBytes(US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
