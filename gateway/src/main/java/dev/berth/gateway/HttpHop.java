package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendFailure;
import dev.berth.edge.backend.BackendLimits;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A container of a pipeline that is reached by HTTP, streamed both ways. */
final class HttpHop implements Hop, BackendCall.Listener {
  private final Exchange exchange;
  private final PipelineInvocation pipeline;
  private final int position;
  private final BackendCall call;
  private final @Nullable Loss loss;
  private int errorStatus;
  private @Nullable ByteBuf error;

  HttpHop(Exchange exchange, BackendLimits limits, PipelineInvocation pipeline, int position) {
    this(exchange, limits, pipeline, position, null);
  }

  HttpHop(
      Exchange exchange,
      BackendLimits limits,
      PipelineInvocation pipeline,
      int position,
      @Nullable Loss loss) {
    this.loss = loss;
    this.exchange = exchange;
    this.pipeline = pipeline;
    this.position = position;
    this.call = new BackendCall(exchange.backends(), limits, this);
  }

  /** Hears of a container that may have lost the model that it was to invoke. */
  interface Loss {

    /** The connection has ended with the request, of which something may have been taken. */
    void brokenOff();

    /**
     * It answered 404 (no such model) or 507 (no memory), or nobody took the request (status 0).
     * Returns whether the pipeline has nothing to do with that.
     */
    boolean isTakenOver(InvocationFailure.ModelError failure);
  }

  void start(
      InetSocketAddress address, HopRequest head, String path, @Nullable String targetModel) {
    call.start(address, head.toContainer(address, path, targetModel));
  }

  @Override
  public void send(ByteBuf piece) {
    call.send(piece);
  }

  @Override
  public void sendEnd() {
    call.sendEnd(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void pauseAnswer(boolean isPaused) {
    call.pauseReading(isPaused);
  }

  @Override
  public void cancel() {
    call.cancel();
    releaseError();
  }

  private void releaseError() {
    ByteBuf collected = error;
    if (collected != null) {
      error = null;
      collected.release();
    }
  }

  // From the container

  @Override
  public void backendWritable(boolean isWritable) {
    pipeline.takesMore(position, isWritable);
  }

  @Override
  public @Nullable InetSocketAddress elsewhere(HttpRequest head) {
    InetSocketAddress neighbour = pipeline.neighbour(position);
    if (neighbour != null) {
      head.headers().set(HttpHeaderNames.HOST, ContainerInvocation.host(neighbour));
    }
    return neighbour;
  }

  @Override
  public boolean isSentOnce() {
    return loss != null;
  }

  @Override
  public void answerHead(HttpResponse head) {
    int status = head.status().code();
    if (status < 200 || status > 299) {
      errorStatus = status;
      error = exchange.alloc().buffer();
      return;
    }
    HttpHeaders headers = head.headers();
    pipeline.answerBegun(
        position,
        new HopAnswer(
            headers.get(HttpHeaderNames.CONTENT_TYPE),
            headers.get(SageMakerHeaders.CUSTOM_ATTRIBUTES),
            status == 204 ? 0 : HttpUtil.getContentLength(head, HopRequest.UNKNOWN)));
  }

  @Override
  public void answerPiece(ByteBuf piece) {
    ByteBuf collected = error;
    if (collected == null) {
      pipeline.answerPiece(position, piece);
      return;
    }
    int room = ContainerInvocation.MAX_ERROR_BYTES - collected.readableBytes();
    collected.writeBytes(piece, Math.min(room, piece.readableBytes()));
    piece.release();
  }

  @Override
  public void answerFlush() {
    pipeline.answerFlush(position);
  }

  @Override
  public void answerEnd(HttpHeaders trailers) {
    ByteBuf collected = error;
    if (collected == null) {
      pipeline.answerEnded(position);
      return;
    }
    String message = collected.toString(StandardCharsets.UTF_8);
    releaseError();
    failed(
        pipeline.routed(position).modelError(errorStatus, message),
        ModelRecovery.isLack(errorStatus));
  }

  private void failed(InvocationFailure.ModelError failure, boolean isLoss) {
    if (!isLoss || loss == null || !loss.isTakenOver(failure)) {
      pipeline.failed(position, failure);
    }
  }

  @Override
  public void answerFailed(BackendFailure failure) {
    releaseError();
    if (loss != null && failure instanceof BackendFailure.Closed) {
      loss.brokenOff();
    }
    Routed routed = pipeline.routed(position);
    failed(
        failure instanceof BackendFailure.FirstByteTimeout
            ? InvocationFailure.ModelError.timedOut(routed.endpoint(), routed.container())
            : routed.modelError(0, failure.message()),
        ContainerInvocation.isUntaken(failure));
  }
}
