package dev.berth.edge.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's connections to backends that wait for their next call. Only that loop may use
 * it.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
public final class BackendPool {
  /** 64 KB: the default of 8 KB multiplies the work per piece of a large body. */
  private static final int MAX_CHUNK_BYTES = 65_536;

  private static final int MAX_HEADER_BYTES = 65_536;

  /** Above a front connection's largest read, so that one such read doesn't stop the client. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 1024 * 1024);

  private final EventLoop loop;
  private final ChannelFactory<? extends Channel> channels;
  private final int maxIdlePerOrigin;
  private final long maxIdleNanos;
  private final Map<InetSocketAddress, ArrayDeque<BackendConnection>> idle = new HashMap<>();
  private @Nullable KernelPipe pipe;

  /**
   * @param loop event loop of every connection
   * @param channels makes sockets of the loop's kind
   * @param maxIdlePerOrigin waiting connections kept for each origin
   * @param maxIdleAge longest wait after which a connection is still used; below the keep-alive
   *     time-out of the backends, or calls find it closed
   */
  public BackendPool(
      EventLoop loop,
      ChannelFactory<? extends Channel> channels,
      int maxIdlePerOrigin,
      Duration maxIdleAge) {
    this.loop = loop;
    this.channels = channels;
    this.maxIdlePerOrigin = maxIdlePerOrigin;
    this.maxIdleNanos = maxIdleAge.toNanos();
  }

  EventLoop loop() {
    return loop;
  }

  /** Returns the loop's pipe, which is empty, or null when there is none. */
  @Nullable KernelPipe pipe() {
    if (pipe == null) {
      pipe = KernelPipe.open();
    }
    return pipe;
  }

  /** Returns the connection to {@code origin} that was used last, or null. */
  @Nullable BackendConnection takeIdle(InetSocketAddress origin) {
    ArrayDeque<BackendConnection> waiting = idle.get(origin);
    if (waiting == null) {
      return null;
    }
    long now = loop.ticker().nanoTime();
    BackendConnection newest = waiting.pollLast();
    while (newest != null) {
      if (newest.channel().isActive() && now - newest.idleSinceNanos() < maxIdleNanos) {
        return newest;
      }
      newest.discard();
      newest = waiting.pollLast();
    }
    return null;
  }

  /** Opens a connection to {@code origin}. */
  Future<BackendConnection> connect(InetSocketAddress origin, Duration timeout) {
    Promise<BackendConnection> made = loop.newPromise();
    new Bootstrap()
        .group(loop)
        .channelFactory(channels)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
        // A backend may answer, then reset while we still send: what it said is in our receive
        // buffer, and a failed write must not throw it away.
        .option(ChannelOption.AUTO_CLOSE, false)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        new HttpClientCodec(
                            new HttpDecoderConfig()
                                .setMaxHeaderSize(MAX_HEADER_BYTES)
                                .setMaxChunkSize(MAX_CHUNK_BYTES),
                            false,
                            false));
              }
            })
        .connect(origin)
        .addListener(
            (ChannelFutureListener)
                connected -> {
                  if (connected.isSuccess()) {
                    var connection = new BackendConnection(connected.channel(), origin, this);
                    connected.channel().pipeline().addLast(connection);
                    made.setSuccess(connection);
                  } else {
                    made.setFailure(connected.cause());
                  }
                });
    return made;
  }

  void giveBack(BackendConnection connection) {
    ArrayDeque<BackendConnection> waiting =
        idle.computeIfAbsent(connection.origin(), _ -> new ArrayDeque<>());
    waiting.addLast(connection);
    if (waiting.size() > maxIdlePerOrigin) {
      waiting.removeFirst().discard();
    }
    BackendConnection oldest = waiting.peekFirst();
    if (oldest != null
        && !oldest.equals(connection)
        && connection.idleSinceNanos() - oldest.idleSinceNanos() > maxIdleNanos) {
      waiting.removeFirst().discard();
    }
  }

  void forget(BackendConnection connection) {
    ArrayDeque<BackendConnection> waiting = idle.get(connection.origin());
    if (waiting != null && waiting.remove(connection) && waiting.isEmpty()) {
      idle.remove(connection.origin());
    }
  }

  /** How many connections wait, for all origins. */
  int idleCount() {
    return idle.values().stream().mapToInt(ArrayDeque::size).sum();
  }

  /** Closes the connections that wait; those in use close with their calls. From any thread. */
  public void closeFromAnyThread() {
    loop.submit(this::close).awaitUninterruptibly();
  }

  private void close() {
    List<BackendConnection> waiting = idle.values().stream().flatMap(Deque::stream).toList();
    idle.clear();
    waiting.forEach(BackendConnection::discard);
    if (pipe != null) {
      pipe.close();
      pipe = null;
    }
  }
}
