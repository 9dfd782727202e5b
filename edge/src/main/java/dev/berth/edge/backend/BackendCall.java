package dev.berth.edge.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One request to a backend and its answer, both streamed. All methods and all calls of the listener
 * happen on the pool's event loop.
 *
 * <p>A connection from the pool may turn out to be closed by the backend. When it dies before the
 * answer's first byte, the request is sent once more on a fresh connection, as long as no more than
 * {@link #MAX_REPLAY_BYTES} of its body were sent: only those are kept. A request that {@linkplain
 * Listener#isSentOnce() must not be sent twice} takes no connection that the kernel knows to be
 * closed, and is not sent once more unless nothing of it has left. A backend that answers before it
 * has read the whole request is listened to, then the connection is closed.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
public final class BackendCall {
  /** Most of a request that is kept for a second attempt. */
  public static final int MAX_REPLAY_BYTES = 65_536;

  /** How long an answer may still come after a write failed: it is in our buffer or it is not. */
  private static final Duration AFTER_FAILED_WRITE = Duration.ofSeconds(1);

  /**
   * Hears the answer. After {@link #answerEnd} or {@link #answerFailed}, nothing more is called.
   */
  public interface Listener {
    /** The answer begins; interim ones (1xx) are not told. */
    void answerHead(HttpResponse head);

    /** A piece of the answer's body, for the listener to release. */
    void answerPiece(ByteBuf piece);

    /** All that was there for now has been told. */
    void answerFlush();

    /** The answer is complete. */
    void answerEnd(HttpHeaders trailers);

    /** There is no answer, or no more of it. */
    void answerFailed(BackendFailure failure);

    /** Whether the backend takes more of the request; until told, send nothing more. */
    void backendWritable(boolean isWritable);

    /**
     * Returns where else to go when no connection could be had, before anything was sent, or null
     * for nowhere: then the call has failed.
     *
     * @param head the request's head, which may be changed to fit
     */
    default @Nullable InetSocketAddress elsewhere(HttpRequest head) {
      return null;
    }

    /**
     * Whether a request that has left, and may have done its work, is not sent once more over
     * another connection.
     */
    default boolean isSentOnce() {
      return false;
    }
  }

  private enum Waiting {
    NOTHING,
    BACKEND_TO_READ,
    FIRST_BYTE,
    NEXT_BYTE,
    LAST_WORDS
  }

  private final BackendPool pool;
  private final BackendLimits limits;
  private final Listener listener;
  private final List<HttpContent> kept = new ArrayList<>(2);
  private int keptBytes;
  private boolean isKeeping = true;
  private @Nullable InetSocketAddress origin;
  private @Nullable HttpRequest head;
  private @Nullable BackendConnection connection;
  private @Nullable ChannelFuture headWrite;
  private @Nullable HttpResponse response;
  private boolean isRequestComplete;
  private boolean isInterim;
  private boolean isOver;
  private boolean wasRetried;
  private boolean isReadingPaused;
  private Waiting waiting = Waiting.NOTHING;

  public BackendCall(BackendPool pool, BackendLimits limits, Listener listener) {
    this.pool = pool;
    this.limits = limits;
    this.listener = listener;
  }

  /**
   * Sends the request's head to {@code target}. Body pieces given earlier follow it.
   *
   * @param request its headers must already fit the new connection ({@link HeaderFilter})
   */
  public void start(InetSocketAddress target, HttpRequest request) {
    if (isOver) {
      return;
    }
    origin = target;
    head = request;
    BackendConnection idle = takeIdle(target);
    if (idle != null) {
      sendOn(idle);
    } else {
      connect(target);
    }
  }

  /**
   * Sends a piece of the body and takes it over. While there is no connection it is kept in memory,
   * and the listener is told to send nothing more.
   */
  public void send(ByteBuf piece) {
    write(new DefaultHttpContent(piece));
    if (connection == null && !isOver) {
      listener.backendWritable(false);
    }
  }

  /**
   * Moves what waits in a client's socket to the backend, past the pipeline and without a copy of
   * it in memory. Returns how many bytes; 0 when none wait, or when they must be read and given to
   * {@link #send}.
   *
   * @param most what is left of the request's body, whose length is known
   */
  public int moveFrom(Channel client, long most) {
    BackendConnection used = connection;
    if (isOver || isKeeping || used == null || !KernelPipe.connects(client, used.channel())) {
      return 0;
    }
    KernelPipe pipe = used.isAllSent() ? pool.pipe() : null;
    if (pipe == null) {
      return 0;
    }
    int moved = pipe.take(client, most);
    int left = moved == 0 ? 0 : moved - pipe.send(used.channel(), moved);
    if (left > 0) {
      send(pipe.read(used.channel().alloc().directBuffer(left), left));
    }
    return moved;
  }

  /** Sends the end of the request. */
  public void sendEnd(HttpHeaders trailers) {
    isRequestComplete = true;
    write(
        trailers.isEmpty()
            ? LastHttpContent.EMPTY_LAST_CONTENT
            : new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers));
    waitForAnswer();
  }

  /** Ends the call without telling the listener; the backend sees its connection close. */
  public void cancel() {
    if (!isOver) {
      over();
      BackendConnection used = connection;
      if (used != null) {
        used.discard();
      }
    }
  }

  /** Stops or resumes reading the answer, for a client that is slower than the backend. */
  public void pauseReading(boolean isPaused) {
    isReadingPaused = isPaused;
    BackendConnection used = connection;
    if (isOver || used == null) {
      return;
    }
    used.channel().config().setAutoRead(!isPaused);
    if (waiting == Waiting.NEXT_BYTE) {
      if (isPaused) {
        used.deadline().clear();
      } else {
        used.deadline().set(limits.idle());
      }
    }
  }

  private @Nullable BackendConnection takeIdle(InetSocketAddress target) {
    BackendConnection idle = pool.takeIdle(target);
    while (idle != null && listener.isSentOnce() && !idle.isEstablished()) {
      idle.discard();
      idle = pool.takeIdle(target);
    }
    return idle;
  }

  private void connect(InetSocketAddress target) {
    pool.connect(target, limits.connect()).addListener(this::connected);
  }

  private void connected(Future<? super BackendConnection> result) {
    if (!result.isSuccess()) {
      HttpRequest unsent = Objects.requireNonNull(head);
      InetSocketAddress other = isOver ? null : listener.elsewhere(unsent);
      if (other == null) {
        fail(connectFailure(Objects.requireNonNull(result.cause())));
      } else {
        start(other, unsent);
      }
      return;
    }
    var fresh = (BackendConnection) Objects.requireNonNull(result.getNow());
    if (isOver) {
      fresh.discard();
    } else {
      sendOn(fresh);
    }
  }

  private BackendFailure connectFailure(Throwable cause) {
    InetSocketAddress target = Objects.requireNonNull(origin);
    return cause instanceof ConnectTimeoutException
        ? new BackendFailure.ConnectTimeout(target, limits.connect())
        : new BackendFailure.Unreachable(target, String.valueOf(cause.getMessage()));
  }

  private void sendOn(BackendConnection chosen) {
    connection = chosen;
    chosen.attach(this);
    Channel channel = chosen.channel();
    if (isReadingPaused) {
      channel.config().setAutoRead(false);
    }
    headWrite = channel.write(Objects.requireNonNull(head)).addListener(writeWatch);
    for (HttpContent piece : kept) {
      channel.write(piece.retainedDuplicate()).addListener(writeWatch);
    }
    if (!chosen.isReused()) {
      forgetKept();
    }
    flush(chosen, keptBytes);
    waitForAnswer();
    listener.backendWritable(channel.isWritable());
  }

  private void write(HttpContent piece) {
    if (isOver) {
      piece.release();
      return;
    }
    BackendConnection used = connection;
    keep(piece, used == null);
    if (used == null) {
      piece.release();
      return;
    }
    int bytes = piece.content().readableBytes();
    used.channel().write(piece).addListener(writeWatch);
    flush(used, bytes);
  }

  /** A small request leaves whole, in one system call; what goes on and on leaves as it comes. */
  private void flush(BackendConnection used, int writtenBytes) {
    if (isRequestComplete) {
      used.flush();
    } else {
      used.flushSoon(writtenBytes);
    }
  }

  /** Keeps a piece for a second attempt, or, while there is no connection, for the first. */
  private void keep(HttpContent piece, boolean isNeeded) {
    if (!isKeeping) {
      return;
    }
    keptBytes += piece.content().readableBytes();
    if (!isNeeded && keptBytes > MAX_REPLAY_BYTES) {
      forgetKept();
      return;
    }
    kept.add(piece.retainedDuplicate());
  }

  private void forgetKept() {
    isKeeping = false;
    for (HttpContent piece : kept) {
      piece.release();
    }
    kept.clear();
  }

  private void waitForAnswer() {
    BackendConnection used = connection;
    if (used != null && isRequestComplete && response == null && !isOver) {
      waiting = Waiting.FIRST_BYTE;
      used.deadline().set(limits.firstByte());
    }
  }

  private final ChannelFutureListener writeWatch = this::written;

  private void written(ChannelFuture write) {
    BackendConnection used = connection;
    if (!write.isSuccess()
        && !isOver
        && used != null
        && used.channel().equals(write.channel())
        && used.channel().isActive()
        && response == null) {
      waiting = Waiting.LAST_WORDS;
      used.deadline().set(AFTER_FAILED_WRITE);
    }
  }

  void backendWritable(boolean isWritable) {
    BackendConnection used = connection;
    if (isOver || used == null) {
      return;
    }
    if (response == null && !isRequestComplete) {
      waiting = isWritable ? Waiting.NOTHING : Waiting.BACKEND_TO_READ;
      if (isWritable) {
        used.deadline().clear();
      } else {
        used.deadline().set(limits.idle());
      }
    }
    listener.backendWritable(isWritable);
  }

  void received(HttpObject part) {
    if (part.decoderResult().isFailure()) {
      ReferenceCountUtil.release(part);
      failAndDiscard(
          new BackendFailure.BadAnswer(
              Objects.requireNonNull(origin), String.valueOf(part.decoderResult().cause())));
      return;
    }
    if (part instanceof HttpResponse answer) {
      receivedHead(answer);
    }
    if (part instanceof HttpContent content) {
      receivedContent(content);
    }
  }

  private void receivedHead(HttpResponse answer) {
    if (answer.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
      if (answer.status().code() == 101) {
        failAndDiscard(
            new BackendFailure.BadAnswer(
                Objects.requireNonNull(origin), "101 Switching Protocols was not asked for"));
      }
      isInterim = true;
      return;
    }
    response = answer;
    forgetKept();
    waitForNextByte();
    listener.answerHead(answer);
  }

  private void receivedContent(HttpContent content) {
    if (isInterim || isOver) {
      isInterim = isInterim && !(content instanceof LastHttpContent);
      content.release();
      return;
    }
    waitForNextByte();
    if (content.content().isReadable()) {
      listener.answerPiece(content.content());
    } else {
      content.release();
    }
    if (content instanceof LastHttpContent last && !isOver) {
      endAnswer(last.trailingHeaders());
    }
  }

  private void waitForNextByte() {
    BackendConnection used = connection;
    if (used != null && !isReadingPaused) {
      waiting = Waiting.NEXT_BYTE;
      used.deadline().set(limits.idle());
    }
  }

  private void endAnswer(HttpHeaders trailers) {
    BackendConnection used = Objects.requireNonNull(connection);
    boolean isReusable = isRequestComplete && canServeAgain(Objects.requireNonNull(response));
    over();
    if (isReusable) {
      used.giveBack();
    } else {
      used.discard();
    }
    listener.answerEnd(trailers);
  }

  private boolean canServeAgain(HttpResponse answer) {
    int status = answer.status().code();
    boolean hasEnd =
        status == 204
            || status == 304
            || HttpMethod.HEAD.equals(Objects.requireNonNull(head).method())
            || HttpUtil.isTransferEncodingChunked(answer)
            || answer.headers().contains(HttpHeaderNames.CONTENT_LENGTH);
    return hasEnd && HttpUtil.isKeepAlive(answer);
  }

  void receivedAll() {
    if (!isOver && response != null) {
      listener.answerFlush();
    }
  }

  void connectionEnded() {
    if (isOver) {
      return;
    }
    BackendConnection dead = Objects.requireNonNull(connection);
    InetSocketAddress target = Objects.requireNonNull(origin);
    connection = null;
    if (response == null
        && dead.isReused()
        && isKeeping
        && !wasRetried
        && (isUnsent() || !listener.isSentOnce())) {
      wasRetried = true;
      waiting = Waiting.NOTHING;
      connect(target);
      return;
    }
    fail(closed(target));
  }

  private BackendFailure closed(InetSocketAddress target) {
    return isUnsent()
        ? new BackendFailure.Unreachable(target, "it closed the connection at once")
        : new BackendFailure.Closed(target, response != null);
  }

  /** Whether the connection was closed before the request's first byte could leave. */
  private boolean isUnsent() {
    ChannelFuture write = headWrite;
    return response == null && write != null && write.isDone() && !write.isSuccess();
  }

  void deadlinePassed() {
    InetSocketAddress target = Objects.requireNonNull(origin);
    failAndDiscard(
        switch (waiting) {
          case FIRST_BYTE -> new BackendFailure.FirstByteTimeout(target, limits.firstByte());
          case LAST_WORDS -> closed(target);
          case BACKEND_TO_READ, NEXT_BYTE, NOTHING ->
              new BackendFailure.IdleTimeout(target, limits.idle());
        });
  }

  private void failAndDiscard(BackendFailure failure) {
    BackendConnection used = connection;
    if (used != null) {
      used.discard();
    }
    fail(failure);
  }

  private void fail(BackendFailure failure) {
    if (!isOver) {
      over();
      listener.answerFailed(failure);
    }
  }

  private void over() {
    isOver = true;
    forgetKept();
  }
}
