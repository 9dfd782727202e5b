package dev.berth.edge.backend;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http.HttpObject;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a backend, serving one {@link BackendCall} at a time or waiting in its {@link
 * BackendPool}. Bytes or an end that come while it waits make it useless, so it closes.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
final class BackendConnection extends ChannelInboundHandlerAdapter {
  private static final int MUCH_BYTES = 65_536;

  /** Of the kernel's enum in net/tcp_states.h. */
  private static final int TCP_ESTABLISHED = 1;

  private final Channel channel;
  private final InetSocketAddress origin;
  private final BackendPool pool;
  private final Deadline deadline;
  private final Runnable flushIfDue = this::flushIfDue;
  private @Nullable BackendCall call;
  private boolean isReused;
  private int unflushedBytes;
  private boolean isFlushDue;
  private boolean isFlushPlanned;
  private long idleSinceNanos;

  BackendConnection(Channel channel, InetSocketAddress origin, BackendPool pool) {
    this.channel = channel;
    this.origin = origin;
    this.pool = pool;
    this.deadline = new Deadline(channel.eventLoop(), this::deadlinePassed);
  }

  Channel channel() {
    return channel;
  }

  InetSocketAddress origin() {
    return origin;
  }

  /** The limit of whatever the present call waits for. */
  Deadline deadline() {
    return deadline;
  }

  /** Whether an earlier call used it, so that the backend may have closed it meanwhile. */
  boolean isReused() {
    return isReused;
  }

  long idleSinceNanos() {
    return idleSinceNanos;
  }

  void attach(BackendCall newCall) {
    call = newCall;
  }

  /**
   * Whether, as far as the kernel knows now, neither side has closed it: the event loop may not
   * have come to look yet.
   */
  boolean isEstablished() {
    if (!(channel instanceof EpollSocketChannel socket)) {
      return channel.isActive();
    }
    try {
      return socket.tcpInfo().state() == TCP_ESTABLISHED;
    } catch (ChannelException _) {
      return false;
    }
  }

  /** Sends what is written. */
  void flush() {
    isFlushDue = false;
    unflushedBytes = 0;
    channel.flush();
  }

  /** Sends what is written, and returns whether the backend's socket has taken all of it. */
  boolean isAllSent() {
    flush();
    ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
    return unsent != null && unsent.totalPendingWriteBytes() == 0;
  }

  /** Sends what is written once it is much, or the event loop has looked at all that has come. */
  void flushSoon(int writtenBytes) {
    unflushedBytes += writtenBytes;
    isFlushDue = true;
    if (unflushedBytes >= MUCH_BYTES) {
      flush();
    } else if (!isFlushPlanned) {
      isFlushPlanned = true;
      channel.eventLoop().execute(flushIfDue);
    }
  }

  private void flushIfDue() {
    isFlushPlanned = false;
    if (isFlushDue) {
      flush();
    }
  }

  /** Ends the present call's use and keeps the connection for another one. */
  void giveBack() {
    call = null;
    deadline.clear();
    isReused = true;
    idleSinceNanos = channel.eventLoop().ticker().nanoTime();
    channel.config().setAutoRead(true);
    pool.giveBack(this);
  }

  /** Ends the present call's use, and the connection. */
  void discard() {
    call = null;
    deadline.close();
    channel.close();
  }

  private void deadlinePassed() {
    BackendCall user = call;
    if (user != null) {
      user.deadlinePassed();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    BackendCall user = call;
    if (user == null || !(message instanceof HttpObject part)) {
      ReferenceCountUtil.release(message);
      ctx.close();
      return;
    }
    user.received(part);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    BackendCall user = call;
    if (user != null) {
      user.receivedAll();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    BackendCall user = call;
    if (user != null) {
      user.backendWritable(ctx.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    deadline.close();
    pool.forget(this);
    BackendCall user = call;
    if (user != null) {
      call = null;
      user.connectionEnded();
    }
  }

  /** A reset, or a failure of the codec; the end of the connection tells the call. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
