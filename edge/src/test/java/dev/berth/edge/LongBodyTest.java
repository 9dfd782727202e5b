package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendLimits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.Epoll;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bodies that the kernel moves from the client's connection to the backend's. */
class LongBodyTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final int MEGABYTE = 1 << 20;

  private final AtomicLong seenBytes = new AtomicLong();
  private ServerSocket backend;
  private EdgeServer server;

  @BeforeEach
  void open() throws IOException {
    backend = new ServerSocket();
    backend.setReceiveBufferSize(16_384); // a socket that takes part of what it is given
    backend.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    serve(() -> CompletableFuture.completedStage(backendAddress()));
  }

  private InetSocketAddress backendAddress() {
    return (InetSocketAddress) backend.getLocalSocketAddress();
  }

  private void serve(Supplier<CompletionStage<InetSocketAddress>> origin) {
    if (server != null) {
      server.close();
    }
    var proxy = new Destination.Proxy(origin, new BackendLimits(LONG, LONG, LONG), ErrorForm.PLAIN);
    var counted =
        new Destination.Streaming(
            exchange -> new Counting(ProxyCall.begin(exchange, proxy)), ErrorForm.PLAIN);
    server = EdgeServer.start(EdgeConfig.of("127.0.0.1", 0), _ -> counted);
  }

  @AfterEach
  void close() throws IOException {
    backend.close();
    server.close();
  }

  /** Passes all on, and counts what it gets to see. */
  private final class Counting implements RequestListener {
    private final RequestListener proxy;

    Counting(RequestListener proxy) {
      this.proxy = proxy;
    }

    @Override
    public void received(ByteBuf piece) {
      seenBytes.addAndGet(piece.readableBytes());
      proxy.received(piece);
    }

    @Override
    public BackendCall straightTo() {
      return proxy.straightTo();
    }

    @Override
    public void ended(HttpHeaders trailers) {
      proxy.ended(trailers);
    }

    @Override
    public void aborted() {
      proxy.aborted();
    }

    @Override
    public void clientWritable(boolean isWritable) {
      proxy.clientWritable(isWritable);
    }
  }

  private static byte[] body(int bytes) {
    byte[] body = new byte[bytes];
    new SplittableRandom(bytes).nextBytes(body);
    return body;
  }

  private static byte[] put(byte[] body) {
    byte[] head =
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
            .formatted(body.length)
            .getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(head.length + body.length).put(head).put(body).array();
  }

  /** Sends as much as sockets take for now, without waiting for anyone to read. */
  private static void sendUntilFull(SocketChannel client, ByteBuffer request) throws IOException {
    client.configureBlocking(false);
    int written;
    do {
      written = client.write(request);
    } while (written > 0);
    client.configureBlocking(true);
  }

  private static @Nullable Void sendAll(SocketChannel client, ByteBuffer request)
      throws IOException {
    while (request.hasRemaining()) {
      client.write(request);
    }
    return null;
  }

  private Socket nextConnection() throws IOException {
    backend.setSoTimeout(20_000);
    Socket socket = backend.accept();
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void readHead(InputStream in) throws IOException {
    for (int matched = 0; matched < 4; ) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException();
      }
      matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
    }
  }

  private static byte[] readBody(Socket socket, int length) throws IOException {
    byte[] body = new byte[length];
    new DataInputStream(socket.getInputStream()).readFully(body);
    return body;
  }

  private static void answer(Socket socket, String body) throws IOException {
    String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
  }

  private static void expect(SocketChannel client, String body) throws IOException {
    InputStream in = client.socket().getInputStream();
    readHead(in);
    assertThat(new String(in.readNBytes(body.length()), StandardCharsets.US_ASCII)).isEqualTo(body);
  }

  private SocketChannel client() throws IOException {
    return SocketChannel.open(new InetSocketAddress(server.address().getAddress(), server.port()));
  }

  @Test
  void what_waits_of_a_long_body_is_moved_past_the_listener_and_arrives_as_it_was()
      throws Exception {
    assumeTrue(Epoll.isAvailable(), "the kernel moves bodies between epoll's sockets only");
    var origin = new CompletableFuture<InetSocketAddress>();
    serve(() -> origin);
    byte[] body = body(12 * MEGABYTE);
    try (SocketChannel client = client();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ByteBuffer request = ByteBuffer.wrap(put(body));
      sendUntilFull(client, request); // there is nowhere to go yet, so that it waits
      origin.complete(backendAddress());
      Future<?> rest = threads.submit(() -> sendAll(client, request));
      try (Socket socket = nextConnection()) {
        readHead(socket.getInputStream());
        assertThat(readBody(socket, body.length)).isEqualTo(body);
        answer(socket, "done");
        rest.get();
        expect(client, "done");
        assertThat(seenBytes).hasValueLessThan(body.length);
      }
    }
  }

  @Test
  void a_connection_stays_in_step_after_a_long_body() throws Exception {
    try (SocketChannel client = client();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Socket socket = null;
      for (int bytes : new int[] {3 * MEGABYTE, 5, 262_144, 0, 2 * MEGABYTE + 1}) {
        byte[] body = body(bytes);
        Future<?> sent = threads.submit(() -> sendAll(client, ByteBuffer.wrap(put(body))));
        socket = socket == null ? nextConnection() : socket;
        readHead(socket.getInputStream());
        assertThat(readBody(socket, bytes)).isEqualTo(body);
        answer(socket, "took " + bytes);
        sent.get();
        expect(client, "took " + bytes);
      }
      socket.close();
    }
  }

  @Test
  void a_backend_that_takes_no_more_for_now_gets_everything_in_order_later() throws Exception {
    byte[] body = body(48 * MEGABYTE);
    try (SocketChannel client = client();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ByteBuffer request = ByteBuffer.wrap(put(body));
      sendUntilFull(client, request);
      try (Socket socket = nextConnection()) {
        sendUntilFull(client, request);
        Future<?> rest = threads.submit(() -> sendAll(client, request));
        readHead(socket.getInputStream());
        assertThat(readBody(socket, body.length)).isEqualTo(body);
        answer(socket, "done");
        rest.get();
        expect(client, "done");
      }
    }
  }

  @Test
  void a_long_body_behind_a_request_that_waits_for_its_answer_is_not_taken_for_that_ones()
      throws Exception {
    byte[] body = body(12 * MEGABYTE);
    try (SocketChannel client = client();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      client.write(
          ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      try (Socket socket = nextConnection()) {
        readHead(socket.getInputStream());
        ByteBuffer request = ByteBuffer.wrap(put(body));
        sendUntilFull(client, request);
        answer(socket, "first");
        expect(client, "first");
        Future<?> rest = threads.submit(() -> sendAll(client, request));
        readHead(socket.getInputStream());
        assertThat(readBody(socket, body.length)).isEqualTo(body);
        answer(socket, "second");
        rest.get();
        expect(client, "second");
      }
    }
  }

  @Test
  void an_answer_in_the_middle_of_a_long_body_reaches_the_client() throws Exception {
    byte[] request = put(body(24 * MEGABYTE));
    try (SocketChannel client = client();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> sent = threads.submit(() -> sendAll(client, ByteBuffer.wrap(request)));
      Socket socket = nextConnection();
      readHead(socket.getInputStream());
      readBody(socket, MEGABYTE);
      answer(socket, "enough");
      socket.close();
      expect(client, "enough");
      sent.get();
    }
  }

  @Test
  void a_client_that_leaves_in_the_middle_of_a_long_body_ends_the_backends_connection()
      throws Exception {
    byte[] request = put(body(4 * MEGABYTE));
    SocketChannel client = client();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> left = threads.submit(() -> sendAndLeave(client, request, 3 * MEGABYTE));
      try (Socket socket = nextConnection()) {
        assertThat(socket.getInputStream().readAllBytes().length).isLessThan(request.length);
      }
      left.get();
    }
  }

  private static @Nullable Void sendAndLeave(SocketChannel client, byte[] request, int bytes)
      throws IOException {
    try (client) {
      return sendAll(client, ByteBuffer.wrap(request, 0, bytes));
    }
  }
}
