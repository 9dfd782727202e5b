package dev.berth.edge;

import dev.berth.edge.backend.BackendPool;
import dev.berth.edge.backend.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listening port. {@link #close()} stops accepting, lets open exchanges end, and closes the
 * rest when the grace is over.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
public final class EdgeServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EdgeServer.class);

  /**
   * For each origin and event loop. As many as may well be in use at once: what is above is closed
   * after each call and opened again for the next.
   */
  private static final int MAX_IDLE_BACKENDS = 512;

  /** Below the shortest keep-alive time-out in common use: gunicorn's 2 s. */
  private static final Duration MAX_BACKEND_IDLE = Duration.ofMillis(1500);

  /** Room for a few pieces of a large body before the other side is asked to wait. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private static final byte[] FULL =
      """
      HTTP/1.1 503 Service Unavailable\r
      connection: close\r
      content-type: text/plain\r
      content-length: 38\r
      \r
      Too many connections; try again soon.
      """
          .getBytes(StandardCharsets.US_ASCII);

  private final EdgeConfig config;
  private final Dispatcher dispatcher;
  private final Transport transport = Transport.best();
  private final MultiThreadIoEventLoopGroup loops;
  private final Map<EventExecutor, BackendPool> backends;
  private final WholeCalls wholeCalls;
  private final DateHeader date = new DateHeader();
  private final AtomicInteger connections = new AtomicInteger();
  private final DefaultChannelGroup open =
      new DefaultChannelGroup("connections", GlobalEventExecutor.INSTANCE, true);
  private final Channel listener;
  private volatile boolean isDraining;

  private EdgeServer(EdgeConfig config, Dispatcher dispatcher) {
    this.config = config;
    this.dispatcher = dispatcher;
    this.wholeCalls = new WholeCalls(config.maxWholeInFlight());
    this.loops =
        new MultiThreadIoEventLoopGroup(
            config.eventLoops(), new DefaultThreadFactory("berth-edge"), transport.io());
    Map<EventExecutor, BackendPool> pools = new HashMap<>();
    for (EventExecutor loop : loops) {
      pools.put(
          loop,
          new BackendPool(
              (EventLoop) loop, transport.clients(), MAX_IDLE_BACKENDS, MAX_BACKEND_IDLE));
    }
    this.backends = Map.copyOf(pools);
    this.listener = listen();
  }

  /**
   * Opens the port and serves it.
   *
   * @throws PortUnavailableException when the port can't be had; its message says what to do
   */
  public static EdgeServer start(EdgeConfig config, Dispatcher dispatcher) {
    return new EdgeServer(config, dispatcher);
  }

  /** The port can't be listened on. */
  public static final class PortUnavailableException extends RuntimeException {
    PortUnavailableException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The port that is listened on, also when the config said any. */
  public int port() {
    return address().getPort();
  }

  /** The address that is listened on. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  private Channel listen() {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channelFactory(transport.servers())
            .option(ChannelOption.SO_BACKLOG, 1024)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted(channel);
                  }
                })
            .bind(config.host(), config.port())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      wholeCalls.close();
      throw unavailable(Objects.requireNonNull(bound.cause()));
    }
    return bound.channel();
  }

  private PortUnavailableException unavailable(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    String advice =
        message.contains("in use")
            ? "Another program has it ('ss -ltnp sport = :%d' shows which). Stop that one, or choose"
                + " another port with --port (0 takes any free one)."
            : "Choose a port of 1024 or above and an address of this machine: --port, --host.";
    return new PortUnavailableException(
        "cannot listen on port %d of host %s: %s. ".formatted(config.port(), config.host(), message)
            + advice.formatted(config.port()),
        cause);
  }

  private void accepted(Channel channel) {
    if (!isWelcome(channel)) {
      channel.close();
      return;
    }
    channel.closeFuture().addListener(_ -> connections.decrementAndGet());
    if (connections.incrementAndGet() > config.maxConnections()) {
      channel.writeAndFlush(Unpooled.wrappedBuffer(FULL)).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    open.add(channel);
    var encoder = new ResponseEncoder();
    var front = new FrontHandler(config, dispatcher, wholeCalls, date, encoder, () -> isDraining);
    var decoder =
        new RequestDecoder(
            new HttpDecoderConfig()
                .setMaxInitialLineLength(config.maxUriBytes())
                .setMaxHeaderSize(config.maxHeaderBytes())
                .setMaxChunkSize(ReadSize.MAX_BYTES),
            front::bytesArrived);
    front.connect(Objects.requireNonNull(backends.get(channel.eventLoop())), decoder);
    channel.pipeline().addLast(decoder, encoder, front);
  }

  private boolean isWelcome(Channel channel) {
    return channel.remoteAddress() instanceof InetSocketAddress peer
        && config.peers().test(peer.getAddress());
  }

  /**
   * Stops accepting, closes idle connections, waits for open exchanges up to the grace, and closes
   * what is left. Blocks until everything is released. Closing twice does no harm.
   */
  @Override
  public synchronized void close() {
    if (loops.isShuttingDown()) {
      return;
    }
    isDraining = true;
    listener.close().awaitUninterruptibly();
    for (Channel channel : open) {
      channel.pipeline().fireUserEventTriggered(FrontHandler.Drain.NOW);
    }
    boolean isDrained =
        open.newCloseFuture()
            .awaitUninterruptibly(config.shutdownGrace().toMillis(), TimeUnit.MILLISECONDS);
    if (!isDrained) {
      log.warn(
          "{} connections were still busy after {} s and are closed now",
          open.size(),
          config.shutdownGrace().toSeconds());
      open.close().awaitUninterruptibly();
    }
    wholeCalls.close();
    for (BackendPool pool : backends.values()) {
      pool.closeFromAnyThread();
    }
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
