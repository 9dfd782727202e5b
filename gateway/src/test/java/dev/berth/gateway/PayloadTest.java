package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PayloadTest {
  private final CollectedBytes memory = new CollectedBytes(10);

  @Test
  void pieces_become_one_body() {
    Payload payload = payload();
    payload.add(piece("abc"));
    payload.add(piece("defgh"));
    String whole = StandardCharsets.US_ASCII.decode(payload.whole()).toString();
    assertThat(whole).isEqualTo("abcdefgh");
    payload.release();
  }

  @Test
  void a_piece_that_memory_has_no_room_for_is_refused() {
    Payload first = payload();
    first.add(piece("a"));
    first.add(piece("12345678"));
    Payload second = payload();
    second.add(piece("a"));
    ByteBuf refused = piece("123");
    assertThat(second.add(refused)).isFalse();
    assertThat(refused.refCnt()).isZero();
    first.release();
    assertThat(second.add(piece("123"))).isTrue();
    second.release();
  }

  @Test
  void a_body_of_one_piece_counts_against_nothing() {
    Payload payload = payload();
    assertThat(payload.add(piece("longer than ten bytes"))).isTrue();
    payload.release();
    assertThat(memory.take(10)).isTrue();
  }

  private Payload payload() {
    return new Payload(UnpooledByteBufAllocator.DEFAULT, -1, memory);
  }

  private static ByteBuf piece(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }
}
