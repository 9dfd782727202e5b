package dev.berth.edge;

import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendFailure;
import dev.berth.edge.backend.HeaderFilter;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One exchange passed on to another HTTP server: path and query byte for byte, {@code Host} as it
 * came, bodies streamed both ways at the pace of the slower side.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
final class ProxyCall implements RequestListener, BackendCall.Listener {
  private final Exchange exchange;
  private final Destination.Proxy destination;
  private final BackendCall call;

  private ProxyCall(Exchange exchange, Destination.Proxy destination) {
    this.exchange = exchange;
    this.destination = destination;
    this.call = new BackendCall(exchange.backends(), destination.limits(), this);
  }

  static RequestListener begin(Exchange exchange, Destination.Proxy destination) {
    var proxy = new ProxyCall(exchange, destination);
    CompletionStage<InetSocketAddress> origin = destination.origin().get();
    var known = origin.toCompletableFuture();
    if (known.isDone()) {
      known.whenComplete(proxy::resolved);
    } else {
      origin.whenCompleteAsync(proxy::resolved, exchange.eventLoop());
    }
    return proxy;
  }

  private void resolved(@Nullable InetSocketAddress origin, @Nullable Throwable failure) {
    if (!exchange.isOpen()) {
      return;
    }
    if (origin == null) {
      call.cancel();
      exchange.answer(
          WireError.overloaded(
              "The service behind this port is not up: "
                  + (failure == null ? "it has no address" : failure.getMessage())));
      return;
    }
    call.start(origin, forwarded(exchange.request()));
  }

  private static HttpRequest forwarded(HttpRequest request) {
    HttpHeaders headers = HeaderFilter.request(request.headers());
    // An HTTP/1.0 client's Host may be missing, and the backend speaks 1.1 with us.
    if (!headers.contains(HttpHeaderNames.HOST)) {
      headers.set(HttpHeaderNames.HOST, "localhost");
    }
    return new DefaultHttpRequest(HttpVersion.HTTP_1_1, request.method(), request.uri(), headers);
  }

  // From the client

  @Override
  public void received(ByteBuf piece) {
    call.send(piece);
  }

  @Override
  public void ended(HttpHeaders trailers) {
    call.sendEnd(trailers);
  }

  @Override
  public void aborted() {
    call.cancel();
  }

  @Override
  public BackendCall straightTo() {
    return call;
  }

  @Override
  public void clientWritable(boolean isWritable) {
    call.pauseReading(!isWritable);
  }

  // From the backend

  @Override
  public void backendWritable(boolean isWritable) {
    exchange.readBody(isWritable);
  }

  @Override
  public void answerHead(HttpResponse head) {
    HttpHeaders headers = HeaderFilter.response(head.headers());
    if (HttpUtil.isTransferEncodingChunked(head)) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
    exchange.begin(head.status(), headers);
    exchange.resumeBody();
  }

  @Override
  public void answerPiece(ByteBuf piece) {
    exchange.write(piece);
  }

  @Override
  public void answerFlush() {
    exchange.flush();
  }

  @Override
  public void answerEnd(HttpHeaders trailers) {
    exchange.finish(trailers);
    exchange.flush();
  }

  @Override
  public void answerFailed(BackendFailure failure) {
    if (exchange.isUnanswered()) {
      exchange.answer(destination.failures().apply(failure));
    } else {
      exchange.breakOff();
    }
  }
}
