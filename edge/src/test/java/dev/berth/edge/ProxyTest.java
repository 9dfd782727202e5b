package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.edge.backend.BackendLimits;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The proxy in front of a backend whose every byte the test writes itself. */
class ProxyTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);

  private ServerSocket backend;
  private EdgeServer server;
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() throws IOException {
    backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
    serve(new BackendLimits(LONG, LONG, LONG));
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = backend.accept();
        socket.setSoTimeout(20_000);
        accepted.add(socket);
      }
    } catch (IOException _) {
      // the test is over
    }
  }

  private void serve(BackendLimits limits) {
    var address = (InetSocketAddress) backend.getLocalSocketAddress();
    serve(limits, () -> CompletableFuture.completedStage(address));
  }

  private void serve(BackendLimits limits, Supplier<CompletionStage<InetSocketAddress>> origin) {
    if (server != null) {
      server.close();
    }
    var proxy = new Destination.Proxy(origin, limits, ErrorForm.S3);
    server = EdgeServer.start(EdgeConfig.of("127.0.0.1", 0), _ -> proxy);
  }

  @AfterEach
  void close() throws IOException {
    for (Socket socket : accepted) {
      socket.close();
    }
    backend.close();
    server.close();
  }

  private RawClient client() throws IOException {
    return new RawClient(server.port());
  }

  private Socket nextConnection() throws InterruptedException {
    return accepted.poll(20, TimeUnit.SECONDS);
  }

  private static void answer(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String ok(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  /** Reads a request's head. */
  private static String head(Socket socket) throws IOException {
    var head = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("after: " + head);
      }
      head.append((char) b);
    }
    return head.toString();
  }

  private static String body(Socket socket, int length) throws IOException {
    return new String(socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
  }

  @Test
  void path_query_host_and_body_pass_as_they_are() throws Exception {
    try (RawClient client = client()) {
      client.send("PUT /b/a%2Fb%20c+d?x=a%20b&y HTTP/1.1\r\nHost: bucket.s3:1\r\n");
      client.send("Connection: X-Mine\r\nX-Mine: 1\r\nX-Kept: 2\r\nContent-Length: 4\r\n\r\nbody");
      Socket socket = nextConnection();
      assertThat(head(socket))
          .startsWith("PUT /b/a%2Fb%20c+d?x=a%20b&y HTTP/1.1\r\n")
          .containsIgnoringCase("host: bucket.s3:1\r\n")
          .contains("X-Kept: 2\r\n")
          .doesNotContain("X-Mine");
      assertThat(body(socket, 4)).isEqualTo("body");
      answer(socket, ok("fine"));
      assertThat(client.read().body()).isEqualTo("fine");
    }
  }

  @Test
  void a_connection_is_used_again() throws Exception {
    try (RawClient client = client()) {
      Socket socket = null;
      for (int i = 0; i < 3; i++) {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        socket = socket == null ? nextConnection() : socket;
        head(socket);
        answer(socket, ok("n" + i));
        assertThat(client.read().body()).isEqualTo("n" + i);
      }
      assertThat(accepted).isEmpty();
    }
  }

  @Test
  void a_stale_connection_is_replaced_and_the_request_sent_again() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket first = nextConnection();
      head(first);
      answer(first, ok("one"));
      assertThat(client.read().body()).isEqualTo("one");

      client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
      head(first);
      first.close();
      Socket second = nextConnection();
      head(second);
      assertThat(body(second, 4)).isEqualTo("body");
      answer(second, ok("two"));
      assertThat(client.read().body()).isEqualTo("two");
    }
  }

  @Test
  void a_fresh_connection_that_dies_is_502() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      socket.close();
      assertThat(client.read().status()).isEqualTo(502);
    }
  }

  @Test
  void nobody_listening_is_502() throws Exception {
    // Not the backend of the other tests: a thread in accept() keeps its port open for a while.
    var nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    var address = (InetSocketAddress) nobody.getLocalSocketAddress();
    nobody.close();
    serve(new BackendLimits(LONG, LONG, LONG), () -> CompletableFuture.completedStage(address));
    try (RawClient client = client()) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.body()).contains("could not connect");
    }
  }

  @Test
  void an_origin_that_is_not_up_is_503() throws Exception {
    serve(
        new BackendLimits(LONG, LONG, LONG),
        () -> CompletableFuture.failedStage(new IOException("still starting")));
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.body()).contains("still starting");
    }
  }

  @Test
  void an_origin_that_comes_up_late_gets_the_request() throws Exception {
    var later = new CompletableFuture<InetSocketAddress>();
    serve(new BackendLimits(LONG, LONG, LONG), () -> later);
    try (RawClient client = client()) {
      client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
      later.complete((InetSocketAddress) backend.getLocalSocketAddress());
      client.send("dy");
      Socket socket = nextConnection();
      head(socket);
      assertThat(body(socket, 4)).isEqualTo("body");
      answer(socket, ok("late"));
      assertThat(client.read().body()).isEqualTo("late");
    }
  }

  @Test
  void a_backend_that_does_not_begin_is_504() throws Exception {
    serve(new BackendLimits(LONG, SHORT, LONG));
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(504);
      assertThat(answer.body()).contains("did not begin to answer within 200 ms");
      Socket socket = nextConnection();
      head(socket);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void a_backend_that_stops_half_way_breaks_the_answer_off() throws Exception {
    serve(new BackendLimits(LONG, LONG, SHORT));
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
      assertThatThrownBy(client::read).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void a_backend_that_dies_half_way_never_looks_complete() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      socket.close();
      assertThatThrownBy(client::read).isInstanceOf(IOException.class);
    }
  }

  @Test
  void chunks_and_trailers_pass_both_ways() throws Exception {
    try (RawClient client = client()) {
      client.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      client.send("3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
      Socket socket = nextConnection();
      assertThat(head(socket)).containsIgnoringCase("transfer-encoding: chunked");
      assertThat(head(socket)).isEqualTo("3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
      answer(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      answer(socket, "2\r\nhi\r\n0\r\nX-End: 8\r\n\r\n");
      assertThat(client.read().body()).isEqualTo("hi[X-End: 8]");
    }
  }

  @Test
  void answers_without_bodies_keep_the_connection_in_step() throws Exception {
    try (RawClient client = client()) {
      client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
      assertThat(client.readHeadOnly().headers()).containsEntry("content-length", "5000");
      for (int status : new int[] {204, 304}) {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        head(socket);
        answer(socket, "HTTP/1.1 " + status + " X\r\n\r\n");
        assertThat(client.read().status()).isEqualTo(status);
      }
    }
  }

  @Test
  void an_answer_that_ends_with_its_connection_is_sent_chunked() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 200 OK\r\n\r\nto the end");
      socket.close();
      assertThat(client.read().body()).isEqualTo("to the end");
    }
  }

  @Test
  void an_http_1_0_client_gets_no_chunks() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.0\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
      RawClient.Answer answer = client.read();
      assertThat(answer.headers()).doesNotContainKey("transfer-encoding");
      assertThat(answer.body()).isEqualTo("hi");
    }
  }

  @Test
  void an_answer_before_the_body_is_read_reaches_the_client() throws Exception {
    try (RawClient client = client()) {
      client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n");
      client.send(new byte[100_000]);
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
      socket.close();
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(413);
      assertThat(answer.headers()).containsEntry("connection", "close");
      assertThat(answer.body()).isEqualTo("no");
    }
  }

  @Test
  void a_client_that_leaves_takes_the_backend_connection_with_it() throws Exception {
    try (RawClient client = client()) {
      client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
      Socket socket = nextConnection();
      head(socket);
      client.reset();
      assertThat(body(socket, 10)).isEqualTo("abc");
    }
  }

  @Test
  void a_client_that_leaves_while_waiting_does_too() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      client.reset();
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void large_bodies_stream_both_ways() throws Exception {
    int size = 20_000_000;
    try (RawClient client = client()) {
      var sending =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n\r\n");
                  client.send(new byte[size]);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      Socket socket = nextConnection();
      head(socket);
      assertThat(socket.getInputStream().readNBytes(size)).hasSize(size);
      sending.join();
      var answering =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  answer(socket, ok("x".repeat(size)));
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      assertThat(client.read().body()).hasSize(size);
      answering.join();
    }
  }

  @Test
  void interim_answers_stay_behind() throws Exception {
    try (RawClient client = client()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      Socket socket = nextConnection();
      head(socket);
      answer(socket, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("real"));
      assertThat(client.read().body()).isEqualTo("real");
    }
  }
}
