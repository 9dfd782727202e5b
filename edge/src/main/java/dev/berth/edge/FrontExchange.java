package dev.berth.edge;

import dev.berth.api.service.HttpAnswer;
import dev.berth.edge.backend.BackendPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import java.util.Map;

/** An exchange on the connection of a {@link FrontHandler}. */
final class FrontExchange implements Exchange {
  private static final AsciiString ERROR_TYPE = AsciiString.cached("x-amzn-ErrorType");

  private enum Answer {
    NONE,
    BEGUN,
    COMPLETE
  }

  private final FrontHandler front;
  private final HttpRequest request;
  private final String requestId;
  private ErrorForm errors = ErrorForm.PLAIN;
  private Answer answer = Answer.NONE;
  private boolean isAborted;

  FrontExchange(FrontHandler front, HttpRequest request, String requestId) {
    this.front = front;
    this.request = request;
    this.requestId = requestId;
  }

  /** Sets how {@link #answer(WireError)} writes errors. */
  void errors(ErrorForm form) {
    errors = form;
  }

  void abort() {
    isAborted = true;
  }

  boolean isComplete() {
    return answer == Answer.COMPLETE;
  }

  @Override
  public String requestId() {
    return requestId;
  }

  @Override
  public HttpRequest request() {
    return request;
  }

  @Override
  public EventLoop eventLoop() {
    return front.channel().eventLoop();
  }

  @Override
  public ByteBufAllocator alloc() {
    return front.channel().alloc();
  }

  @Override
  public BackendPool backends() {
    return front.backends();
  }

  @Override
  public boolean isUnanswered() {
    return answer == Answer.NONE && !isAborted;
  }

  @Override
  public boolean isOpen() {
    return answer != Answer.COMPLETE && !isAborted;
  }

  @Override
  public void answer(HttpResponseStatus status, HttpHeaders headers, ByteBuf body) {
    if (!isUnanswered()) {
      body.release();
      return;
    }
    answer = Answer.COMPLETE;
    int code = status.code();
    if (code >= 200 && code != 204 && code != 304) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, AsciiString.of(length(body.readableBytes())));
    }
    front.addCommonHeaders(this, headers);
    front.send(
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, status, body, headers, EmptyHttpHeaders.INSTANCE));
    front.answerComplete();
  }

  private static String length(int bytes) {
    return Integer.toString(bytes);
  }

  @Override
  public void answer(HttpAnswer whole) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    for (Map.Entry<String, String> header : whole.headers().entrySet()) {
      headers.set(header.getKey(), header.getValue());
    }
    answer(
        HttpResponseStatus.valueOf(whole.status()), headers, Unpooled.wrappedBuffer(whole.body()));
  }

  @Override
  public void answer(WireError error) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set(HttpHeaderNames.CONTENT_TYPE, errors.contentType());
    if (errors.hasErrorTypeHeader()) {
      headers.set(ERROR_TYPE, error.code());
    }
    byte[] body = errors.body(error, requestId);
    answer(HttpResponseStatus.valueOf(error.status()), headers, Unpooled.wrappedBuffer(body));
  }

  @Override
  public void begin(HttpResponseStatus status, HttpHeaders headers) {
    if (!isUnanswered()) {
      return;
    }
    answer = Answer.BEGUN;
    chooseFraming(status, headers);
    front.addCommonHeaders(this, headers);
    front.send(new DefaultHttpResponse(HttpVersion.HTTP_1_1, status, headers));
  }

  private void chooseFraming(HttpResponseStatus status, HttpHeaders headers) {
    boolean isOld = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    if (isOld) {
      headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
      if (!headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
        front.closeAfterAnswer();
      }
      return;
    }
    int code = status.code();
    boolean hasBody = code >= 200 && code != 204 && code != 304;
    if (hasBody
        && !headers.contains(HttpHeaderNames.CONTENT_LENGTH)
        && !HttpUtil.isTransferEncodingChunked(
            new DefaultHttpResponse(HttpVersion.HTTP_1_1, status, headers))) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    }
  }

  @Override
  public void write(ByteBuf piece) {
    if (answer != Answer.BEGUN || isAborted) {
      piece.release();
      return;
    }
    front.send(new DefaultHttpContent(piece));
  }

  @Override
  public void flush() {
    front.flushSoon();
  }

  @Override
  public void finish(HttpHeaders trailers) {
    if (answer != Answer.BEGUN || isAborted) {
      return;
    }
    answer = Answer.COMPLETE;
    front.send(
        trailers.isEmpty()
            ? LastHttpContent.EMPTY_LAST_CONTENT
            : new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers));
    front.answerComplete();
  }

  @Override
  public void breakOff() {
    if (isOpen()) {
      isAborted = true;
      front.breakOff();
    }
  }

  @Override
  public boolean isClientWritable() {
    return front.channel().isWritable();
  }

  @Override
  public void pauseBody() {
    if (isOpen()) {
      front.pauseBody(true);
    }
  }

  @Override
  public void resumeBody() {
    if (isOpen()) {
      front.pauseBody(false);
    }
  }
}
