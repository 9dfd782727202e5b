package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the decoder makes of bodies, long ones and others. */
class RequestDecoderTest {
  private final RequestDecoder decoder = new RequestDecoder(new HttpDecoderConfig(), () -> {});
  private final EmbeddedChannel channel = new EmbeddedChannel(decoder);

  @AfterEach
  void release() {
    channel.finishAndReleaseAll();
  }

  private void receive(String head, int bodyBytes) {
    byte[] start = head.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
    channel.writeInbound(Unpooled.wrappedBuffer(start, new byte[bodyBytes]));
  }

  /** Returns what was decoded since: paths of heads, lengths of pieces, and ends. */
  private List<String> decoded() {
    List<String> parts = new ArrayList<>();
    for (Object part = channel.readInbound(); part != null; part = channel.readInbound()) {
      if (part instanceof HttpRequest head) {
        parts.add(head.uri());
      }
      if (part instanceof HttpContent content) {
        parts.add(
            content.content().readableBytes() + (part instanceof LastHttpContent ? " end" : ""));
        content.release();
      }
    }
    return parts;
  }

  @Test
  void a_long_body_comes_in_the_pieces_it_was_read_in() {
    receive("PUT /long HTTP/1.1\nContent-Length: 300000\n\n", 0);
    assertThat(decoded()).containsExactly("/long");
    receive("", 200_000);
    assertThat(decoded()).containsExactly("200000");
    assertThat(decoder.longBodyLeft()).isEqualTo(100_000);
    receive("", 100_000);
    assertThat(decoded()).containsExactly("100000 end");
    assertThat(decoder.longBodyLeft()).isZero();
  }

  @Test
  void the_next_request_begins_where_a_long_body_ends() {
    receive("PUT /long HTTP/1.1\nContent-Length: 300000\n\n", 299_999);
    receive("xGET /next HTTP/1.1\n\n", 0);
    assertThat(decoded()).containsExactly("/long", "299999", "1 end", "/next", "0 end");
  }

  @Test
  void the_next_request_begins_after_what_was_taken_past_the_decoder() {
    receive("PUT /long HTTP/1.1\nContent-Length: 300000\n\n", 1000);
    decoder.skip(299_000);
    receive("GET /next HTTP/1.1\n\n", 0);
    assertThat(decoded()).containsExactly("/long", "1000", "/next", "0 end");
  }

  @Test
  void short_bodies_and_chunked_ones_are_not_for_taking() {
    receive("PUT /short HTTP/1.1\nContent-Length: 262143\n\n", 100);
    assertThat(decoder.longBodyLeft()).isZero();
    receive("", 262_043);
    receive("PUT /chunked HTTP/1.1\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", 0);
    assertThat(decoder.longBodyLeft()).isZero();
    assertThat(decoded()).startsWith("/short").endsWith("/chunked", "5", "0 end");
  }

  @Test
  void a_head_with_two_lengths_is_malformed_however_long_they_are() {
    receive("PUT /twice HTTP/1.1\nContent-Length: 300000\nContent-Length: 300001\n\n", 0);
    HttpRequest head = channel.readInbound();
    assertThat(head.decoderResult().isFailure()).isTrue();
    assertThat(decoder.longBodyLeft()).isZero();
  }

  @Test
  void a_long_body_that_is_announced_in_both_ways_is_malformed() {
    receive("PUT /both HTTP/1.1\nContent-Length: 300000\nTransfer-Encoding: chunked\n\n", 0);
    HttpRequest head = channel.readInbound();
    assertThat(head.decoderResult().isFailure()).isTrue();
    assertThat(decoder.longBodyLeft()).isZero();
  }
}
