package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.edge.backend.BackendPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One connection, on a clock that stands still until a test moves it. */
class FrontHandlerTest {
  private static final Duration HEAD = Duration.ofSeconds(10);
  private static final Duration BODY = Duration.ofSeconds(30);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(75);

  private final List<Exchange> begun = new ArrayList<>();
  private final List<String> heard = new ArrayList<>();
  private final WholeCalls wholeCalls = new WholeCalls(1);
  private boolean isDraining;
  private EmbeddedChannel channel;

  @BeforeEach
  void connect() {
    EdgeConfig config =
        EdgeConfig.of("127.0.0.1", 0).withTimeouts(HEAD, BODY, KEEP_ALIVE, Duration.ZERO);
    var encoder = new ResponseEncoder();
    var front =
        new FrontHandler(
            config, this::dispatch, wholeCalls, new DateHeader(), encoder, () -> isDraining);
    var decoder =
        new RequestDecoder(
            new HttpDecoderConfig().setMaxInitialLineLength(100).setMaxHeaderSize(200),
            front::bytesArrived);
    channel = new EmbeddedChannel();
    channel.freezeTime();
    front.connect(
        new BackendPool(channel.eventLoop(), EmbeddedChannel::new, 1, KEEP_ALIVE), decoder);
    channel.pipeline().addLast(decoder, encoder, front);
  }

  @AfterEach
  void release() {
    channel.finishAndReleaseAll();
    wholeCalls.close();
  }

  private Destination dispatch(HttpRequest request) {
    if (request.uri().equals("/refused")) {
      return new Destination.Refusal(
          new WireError(403, "AccessDenied", "not for you"), ErrorForm.PLAIN);
    }
    if (request.uri().equals("/broken")) {
      throw new IllegalStateException("a service that fails");
    }
    return new Destination.Streaming(this::begin, ErrorForm.PLAIN);
  }

  private RequestListener begin(Exchange exchange) {
    begun.add(exchange);
    String name = exchange.request().uri();
    return new RequestListener() {
      @Override
      public void received(ByteBuf piece) {
        heard.add(name + " got " + piece.readableBytes());
        piece.release();
      }

      @Override
      public void ended(HttpHeaders trailers) {
        heard.add(name + " ended");
      }

      @Override
      public void aborted() {
        heard.add(name + " aborted");
      }
    };
  }

  private void receive(String text) {
    byte[] bytes = text.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
    channel.writeInbound(Unpooled.wrappedBuffer(bytes));
  }

  private void answer(int which, String body) {
    begun
        .get(which)
        .answer(
            HttpResponseStatus.OK,
            new DefaultHttpHeaders(),
            Unpooled.copiedBuffer(body, StandardCharsets.US_ASCII));
  }

  private void pass(Duration time) {
    channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
    channel.runScheduledPendingTasks();
  }

  /** Returns what was sent since. */
  private String sent() {
    var text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(StandardCharsets.US_ASCII));
      part.release();
    }
    return text.toString();
  }

  // Order

  @Test
  void a_pipelined_request_begins_when_the_one_before_it_is_answered() {
    receive("GET /a HTTP/1.1\nHost: h\n\nPUT /b HTTP/1.1\nHost: h\nContent-Length: 2\n\nhi");
    assertThat(heard).containsExactly("/a ended");
    answer(0, "first");
    assertThat(sent()).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nfirst");
    assertThat(heard).containsExactly("/a ended", "/b got 2", "/b ended");
    answer(1, "second");
    assertThat(sent()).endsWith("\r\n\r\nsecond");
  }

  @Test
  void answers_are_those_of_one_exchange_each() {
    receive("GET /a HTTP/1.1\nHost: h\n\n");
    answer(0, "one");
    answer(0, "another");
    begun.getFirst().finish(EmptyHttpHeaders.INSTANCE);
    assertThat(sent()).endsWith("one");
  }

  // Where requests go

  @Test
  void a_refusal_is_answered_and_the_connection_goes_on() {
    receive("GET /refused HTTP/1.1\nHost: h\n\n");
    assertThat(sent()).startsWith("HTTP/1.1 403 ").contains("not for you");
    receive("GET /a HTTP/1.1\nHost: h\n\n");
    assertThat(begun).hasSize(1);
  }

  @Test
  void a_service_that_throws_is_a_500_without_its_reason() {
    receive("GET /broken HTTP/1.1\nHost: h\n\n");
    assertThat(sent()).startsWith("HTTP/1.1 500 ").doesNotContain("a service that fails");
  }

  // Answers before the request's end

  @Test
  void what_little_is_left_of_an_answered_request_is_read_and_the_connection_goes_on() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 10\n\n1234");
    answer(0, "enough");
    assertThat(sent()).endsWith("enough").doesNotContain("connection: close");
    receive("567890GET /b HTTP/1.1\nHost: h\n\n");
    assertThat(heard).containsExactly("/a got 4", "/b ended");
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void an_answer_before_much_of_the_body_ends_the_connection_and_says_so() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 100000\n\n1234");
    answer(0, "enough");
    assertThat(sent()).contains("connection: close").endsWith("enough");
    assertThat(channel.isOpen()).isFalse(); // a channel of which one side can end lingers
  }

  @Test
  void continue_is_said_once_the_request_has_a_taker_and_not_to_one_that_is_refused() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 4\nExpect: 100-continue\n\n");
    assertThat(sent()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    receive("1234");
    answer(0, "done");
    assertThat(sent()).endsWith("done");
    receive("PUT /refused HTTP/1.1\nHost: h\nContent-Length: 4\nExpect: 100-continue\n\n");
    assertThat(sent()).startsWith("HTTP/1.1 403 ").contains("connection: close");
  }

  // Limits

  @Test
  void a_head_that_does_not_end_is_408() {
    receive("GET /a HT");
    pass(HEAD.minusMillis(1));
    assertThat(sent()).isEmpty();
    pass(Duration.ofMillis(1));
    assertThat(sent()).startsWith("HTTP/1.1 408 ").contains("within 10000 ms");
  }

  @Test
  void a_body_that_stops_is_408_and_its_taker_hears_of_it() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 9\n\n1");
    pass(BODY.minusMillis(1));
    receive("2");
    pass(BODY.minusMillis(1));
    assertThat(sent()).isEmpty();
    pass(Duration.ofMillis(1));
    assertThat(sent()).startsWith("HTTP/1.1 408 ");
    assertThat(heard).containsExactly("/a got 1", "/a got 1", "/a aborted");
  }

  @Test
  void a_body_that_is_not_read_has_no_limit_of_its_own() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 9\n\n1");
    begun.getFirst().pauseBody();
    pass(BODY.multipliedBy(10));
    assertThat(sent()).isEmpty();
    assertThat(channel.config().isAutoRead()).isFalse();
    begun.getFirst().resumeBody();
    assertThat(channel.config().isAutoRead()).isTrue();
    pass(BODY);
    assertThat(sent()).startsWith("HTTP/1.1 408 ");
  }

  @Test
  void a_connection_without_a_request_closes() {
    pass(HEAD);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void a_connection_closes_when_no_further_request_comes() {
    receive("GET /a HTTP/1.1\nHost: h\n\n");
    pass(KEEP_ALIVE.multipliedBy(2)); // the answer may take as long as its service lets it
    answer(0, "late");
    assertThat(channel.isOpen()).isTrue();
    pass(KEEP_ALIVE.minusMillis(1));
    assertThat(channel.isOpen()).isTrue();
    pass(Duration.ofMillis(1));
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void reading_stops_when_too_much_is_pipelined_and_goes_on_when_it_was_served() {
    receive("GET /a HTTP/1.1\nHost: h\n\n" + "GET /b HTTP/1.1\nHost: h\n\n".repeat(128));
    assertThat(channel.config().isAutoRead()).isFalse();
    answer(0, "first");
    assertThat(channel.config().isAutoRead()).isTrue();
  }

  @Test
  void lines_and_heads_have_a_longest() {
    receive("GET /" + "x".repeat(100) + " HTTP/1.1\n");
    assertThat(sent()).startsWith("HTTP/1.1 414 ");
    connect();
    receive("GET /a HTTP/1.1\nHost: h\nX: " + "x".repeat(200) + "\n");
    assertThat(sent()).startsWith("HTTP/1.1 431 ");
  }

  // Shutdown

  @Test
  void an_idle_connection_closes_on_shutdown_and_a_busy_one_with_its_answer() {
    receive("GET /a HTTP/1.1\nHost: h\n\n");
    isDraining = true;
    channel.pipeline().fireUserEventTriggered(FrontHandler.Drain.NOW);
    assertThat(channel.isOpen()).isTrue();
    answer(0, "last");
    assertThat(sent()).contains("connection: close").endsWith("last");
    assertThat(channel.isOpen()).isFalse();

    connect();
    channel.pipeline().fireUserEventTriggered(FrontHandler.Drain.NOW);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void a_client_that_leaves_is_told_to_the_taker() {
    receive("PUT /a HTTP/1.1\nHost: h\nContent-Length: 9\n\n1");
    channel.close().syncUninterruptibly();
    assertThat(heard).containsExactly("/a got 1", "/a aborted");
    answer(0, "too late"); // and released
    assertThat(sent()).isEmpty();
  }
}
