package dev.berth.edge;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpUtil;
import java.util.List;

/**
 * The request decoder of a connection: tells when bytes arrive, so that a head's deadline can run,
 * and refuses what proxies and servers are known to read differently.
 *
 * <p>Long bodies of a known length are counted here, so that what comes of them can also be taken
 * from the socket past the decoder.
 */
final class RequestDecoder extends HttpRequestDecoder {
  /** Below it, finding out whether more has come costs about what copying it does. */
  private static final long LONG_BODY_BYTES = 262_144;

  private final Runnable bytesArrived;
  private long longBodyLeft;

  RequestDecoder(HttpDecoderConfig config, Runnable bytesArrived) {
    super(config);
    this.bytesArrived = bytesArrived;
  }

  /** How many bytes of a long body have not come yet; 0 where there is none. */
  long longBodyLeft() {
    return longBodyLeft;
  }

  /** Takes so many bytes of a long body as having come. The end of the body isn't told then. */
  void skip(int bytes) {
    longBodyLeft -= bytes;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    bytesArrived.run();
    super.channelRead(ctx, message);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    if (longBodyLeft > 0) {
      decodeLongBody(in, out);
      return;
    }
    super.decode(ctx, in, out);
    if (longBodyLeft > 0) {
      out.removeLast(); // the end that the decoder beneath takes for the body
    }
  }

  private void decodeLongBody(ByteBuf in, List<Object> out) {
    int length = (int) Math.min(in.readableBytes(), longBodyLeft);
    longBodyLeft -= length;
    ByteBuf piece = in.readRetainedSlice(length);
    out.add(longBodyLeft > 0 ? new DefaultHttpContent(piece) : new DefaultLastHttpContent(piece));
  }

  /** Leaves no body to the decoder beneath where it is a long one. */
  @Override
  protected boolean isContentAlwaysEmpty(HttpMessage message) {
    long length = HttpUtil.getContentLength(message, 0L);
    boolean isLong =
        length >= LONG_BODY_BYTES && !message.headers().contains(HttpHeaderNames.TRANSFER_ENCODING);
    longBodyLeft = isLong ? length : 0;
    return isLong;
  }

  /** Request smuggling: RFC 9112, section 6.1, allows to refuse, and we do. */
  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding are given");
  }
}
