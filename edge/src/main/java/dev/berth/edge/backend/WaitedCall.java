package dev.berth.edge.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call whose request is read as the backend takes it, and whose end somebody waits for. All of it
 * happens on the pool's event loop.
 */
final class WaitedCall implements BackendCall.Listener {
  private static final int PIECE_BYTES = 128 * 1024;

  private final BackendCall call;
  private final BackendClient.Request request;
  private final BackendClient.Receiver receiver;
  private final CompletableFuture<BackendClient.Answer> answer = new CompletableFuture<>();
  private BackendClient.@Nullable Answer head;
  private boolean isWritable = true;
  private boolean isSending;
  private boolean isSent;

  WaitedCall(
      BackendPool pool,
      BackendLimits limits,
      BackendClient.Request request,
      BackendClient.Receiver receiver) {
    this.call = new BackendCall(pool, limits, this);
    this.request = request;
    this.receiver = receiver;
  }

  CompletableFuture<BackendClient.Answer> answer() {
    return answer;
  }

  void start() {
    call.start(request.origin(), head(request));
    send();
  }

  /** Gives the call up, and tells who waits. */
  void fail(String why) {
    failed(new IOException(why));
  }

  void cancel() {
    isSent = true;
    call.cancel();
  }

  private static HttpRequest head(BackendClient.Request request) {
    var head =
        new DefaultHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.valueOf(request.method()), request.path());
    HttpHeaders headers = head.headers();
    headers.set(
        HttpHeaderNames.HOST, request.origin().getHostString() + ":" + request.origin().getPort());
    request.headers().forEach(headers::set);
    if (request.length() == BackendClient.UNKNOWN_LENGTH) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (request.body() != null) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(request.length()));
    }
    return head;
  }

  /** Sends as much as the backend takes; told by {@link #backendWritable} when it takes more. */
  private void send() {
    if (isSending) {
      return; // what is sent right now has been taken, and the loop below goes on
    }
    isSending = true;
    try {
      while (isWritable && !isSent) {
        sendPiece();
      }
    } catch (IOException e) {
      failed(e);
    } finally {
      isSending = false;
    }
  }

  private void sendPiece() throws IOException {
    ReadableByteChannel body = request.body();
    ByteBuf piece = body == null ? null : next(body);
    if (piece == null) {
      isSent = true;
      call.sendEnd(EmptyHttpHeaders.INSTANCE);
    } else {
      call.send(piece);
    }
  }

  private static @Nullable ByteBuf next(ReadableByteChannel body) throws IOException {
    ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(PIECE_BYTES);
    try {
      int count = body.read(piece.nioBuffer(0, PIECE_BYTES));
      if (count < 0) {
        piece.release();
        return null;
      }
      return piece.writerIndex(count);
    } catch (IOException | RuntimeException e) {
      piece.release();
      throw e;
    }
  }

  @Override
  public void backendWritable(boolean writable) {
    isWritable = writable;
    if (writable) {
      send();
    }
  }

  @Override
  public void answerHead(HttpResponse response) {
    head =
        new BackendClient.Answer(
            response.status().code(), response.headers().get(HttpHeaderNames.CONTENT_TYPE));
  }

  @Override
  public void answerPiece(ByteBuf piece) {
    try {
      if (!answer.isDone()) {
        receiver.take(piece.nioBuffer());
      }
    } catch (IOException e) {
      failed(e);
    } finally {
      piece.release();
    }
  }

  @Override
  public void answerFlush() {}

  @Override
  public void answerEnd(HttpHeaders trailers) {
    isSent = true;
    answer.complete(head);
  }

  @Override
  public void answerFailed(BackendFailure failure) {
    isSent = true;
    answer.completeExceptionally(new IOException(failure.message()));
  }

  private void failed(IOException cause) {
    cancel();
    answer.completeExceptionally(cause);
  }
}
