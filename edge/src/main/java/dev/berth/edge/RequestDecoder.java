package dev.berth.edge;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * The request decoder of a connection: tells when bytes arrive, so that a head's deadline can run,
 * and refuses what proxies and servers are known to read differently.
 */
final class RequestDecoder extends HttpRequestDecoder {
  private final Runnable bytesArrived;

  RequestDecoder(HttpDecoderConfig config, Runnable bytesArrived) {
    super(config);
    this.bytesArrived = bytesArrived;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    bytesArrived.run();
    super.channelRead(ctx, message);
  }

  /** Request smuggling: RFC 9112, section 6.1, allows to refuse, and we do. */
  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding are given");
  }
}
