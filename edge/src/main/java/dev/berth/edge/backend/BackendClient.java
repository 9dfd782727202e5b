package dev.berth.edge.backend;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Calls to backends for threads that wait for the answer. One event loop, which is this client's
 * own, moves the bytes of all of them. Many threads at a time.
 */
public final class BackendClient implements AutoCloseable {
  /** Length of a body that goes in chunks. */
  public static final long UNKNOWN_LENGTH = -1;

  private static final String CLOSED = "Berth is stopping";
  private static final int MAX_IDLE = 64;

  /** Below the keep-alive time-outs of the servers that people run, of which 2 s is short. */
  private static final Duration MAX_IDLE_AGE = Duration.ofMillis(1500);

  private final MultiThreadIoEventLoopGroup group;
  private final EventLoop loop;
  private final BackendPool pool;
  private final Duration connectTimeout;
  private final Set<WaitedCall> running = ConcurrentHashMap.newKeySet();
  private volatile boolean isClosed;

  /**
   * One call.
   *
   * @param path path and query
   * @param headers those of the content; {@code Host}, {@code Content-Length} and {@code
   *     Transfer-Encoding} are set here
   * @param body what is sent, read on the event loop as the backend takes it; null for none
   * @param length bytes of the body, {@link #UNKNOWN_LENGTH} for chunks
   */
  public record Request(
      InetSocketAddress origin,
      String method,
      String path,
      Map<String, String> headers,
      @Nullable ReadableByteChannel body,
      long length) {

    /** Returns a GET of {@code path}. */
    public static Request get(InetSocketAddress origin, String path) {
      return new Request(origin, "GET", path, Map.of(), null, 0);
    }
  }

  /** Takes the answer's body, on the event loop. */
  @FunctionalInterface
  public interface Receiver {
    /**
     * Takes what is between the buffer's position and limit, which is valid until this returns.
     *
     * @throws IOException when it can't; the call fails
     */
    void take(ByteBuffer piece) throws IOException;
  }

  /** The head of an answer. */
  public record Answer(int status, @Nullable String contentType) {}

  /**
   * Makes a client.
   *
   * @param name of the event loop's thread
   * @param connectTimeout longest wait for a connection
   */
  public BackendClient(String name, Duration connectTimeout) {
    Transport transport = Transport.best();
    this.group =
        new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name, true), transport.io());
    this.loop = group.next();
    this.pool = new BackendPool(loop, transport.clients(), MAX_IDLE, MAX_IDLE_AGE);
    this.connectTimeout = connectTimeout;
  }

  /**
   * Returns the answer once all of it was received. When this returns or throws, neither the
   * request's body nor the receiver is used any more.
   *
   * @param timeout longest wait for the whole of it
   * @throws IOException when there is no answer, or not all of it
   * @throws InterruptedException when the waiting thread was; the call is given up
   */
  public Answer call(Request request, Duration timeout, Receiver receiver)
      throws IOException, InterruptedException {
    var limits = new BackendLimits(connectTimeout, timeout, timeout);
    var waited = new WaitedCall(pool, limits, request, receiver);
    boolean isOver = false;
    running.add(waited);
    try {
      if (isClosed) {
        throw new IOException(CLOSED); // close() may have missed it
      }
      loop.execute(waited::start);
      Answer answer = waited.answer().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      isOver = true;
      return answer;
    } catch (TimeoutException _) {
      throw new IOException("no answer within " + timeout.toSeconds() + " seconds");
    } catch (ExecutionException e) {
      isOver = true;
      throw e.getCause() instanceof IOException failure
          ? failure
          : new IOException(String.valueOf(e.getCause()), e);
    } finally {
      running.remove(waited);
      if (!isOver) {
        onLoop(waited::cancel);
      }
    }
  }

  /** Returns when it has run, or the loop, and with it all that it did, has ended. */
  private void onLoop(Runnable task) {
    try {
      loop.submit(task).awaitUninterruptibly();
    } catch (RejectedExecutionException _) {
      group.terminationFuture().awaitUninterruptibly();
    }
  }

  /** Ends the calls that run, too. */
  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    onLoop(() -> running.forEach(call -> call.fail(CLOSED)));
    pool.closeFromAnyThread();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
