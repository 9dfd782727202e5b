package dev.berth.edge.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When what a call writes leaves, on a connection that keeps what was flushed to it. */
class BackendCallTest {
  private static final InetSocketAddress ORIGIN = InetSocketAddress.createUnresolved("origin", 80);
  private static final Duration LONG = Duration.ofMinutes(1);

  private final EmbeddedChannel channel = new EmbeddedChannel(new Runner());
  private final BackendPool pool =
      new BackendPool(channel.eventLoop(), EmbeddedChannel::new, 1, LONG);
  private final BackendCall call =
      new BackendCall(pool, new BackendLimits(LONG, LONG, LONG), Deaf.INSTANCE);

  @BeforeEach
  void start() {
    pool.giveBack(new BackendConnection(channel, ORIGIN, pool));
  }

  @AfterEach
  void release() {
    call.cancel();
    channel.outboundMessages().forEach(ReferenceCountUtil::release);
    channel.outboundMessages().clear();
    channel.finishAndReleaseAll();
  }

  @Test
  void a_request_that_came_at_once_leaves_at_once_when_it_is_complete() {
    inOneRead(() -> {
      startCall();
      call.send(bytes(1000));
      assertThat(channel.outboundMessages()).isEmpty();

      call.sendEnd(EmptyHttpHeaders.INSTANCE);

      assertThat(channel.outboundMessages()).hasSize(3);
    });
  }

  @Test
  void each_piece_of_a_body_that_drips_leaves() {
    inOneRead(this::startCall);
    for (int turn = 1; turn <= 3; turn++) {
      inOneRead(() -> call.send(bytes(1)));

      assertThat(channel.outboundMessages()).hasSize(1 + turn);
    }
  }

  @Test
  void much_leaves_before_all_that_has_come_was_looked_at() {
    inOneRead(() -> {
      startCall();
      call.send(bytes(40_000));
      call.send(bytes(40_000));

      assertThat(channel.outboundMessages()).hasSize(3);
    });
  }

  private void startCall() {
    call.start(
        ORIGIN, new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/invocations"));
  }

  /** Runs work as an event loop does: what it hands to {@code execute} comes afterwards. */
  private void inOneRead(Runnable work) {
    channel.writeInbound(work);
  }

  private static final class Runner extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ((Runnable) message).run();
    }
  }

  private static ByteBuf bytes(int count) {
    return Unpooled.wrappedBuffer(new byte[count]);
  }

  private enum Deaf implements BackendCall.Listener {
    INSTANCE;

    @Override
    public void answerHead(HttpResponse head) {}

    @Override
    public void answerPiece(ByteBuf piece) {
      piece.release();
    }

    @Override
    public void answerFlush() {}

    @Override
    public void answerEnd(HttpHeaders trailers) {}

    @Override
    public void answerFailed(BackendFailure failure) {}

    @Override
    public void backendWritable(boolean isWritable) {}
  }
}
