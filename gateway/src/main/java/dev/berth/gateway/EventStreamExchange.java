package dev.berth.gateway;

import dev.berth.api.service.HttpAnswer;
import dev.berth.edge.Exchange;
import dev.berth.edge.JsonText;
import dev.berth.edge.WireError;
import dev.berth.edge.backend.BackendPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import software.amazon.eventstream.HeaderValue;
import software.amazon.eventstream.Message;

/**
 * InvokeEndpointWithResponseStream: an exchange that sends the body of a 200 as PayloadPart events
 * (shape {@code ResponseStream} of the runtime API), each piece when it comes. What fails before
 * the first byte is an HTTP error like any other, what fails later a ModelStreamError event.
 */
final class EventStreamExchange implements Exchange {
  private static final AsciiString EVENT_STREAM =
      AsciiString.cached("application/vnd.amazon.eventstream");

  /** Clients hold a whole event in memory. */
  private static final int MAX_PART_BYTES = 65_536;

  private static final HeaderValue EVENT = HeaderValue.fromString("event");
  private static final Map<String, HeaderValue> PART =
      Map.of(
          ":message-type", EVENT,
          ":event-type", HeaderValue.fromString("PayloadPart"),
          ":content-type", HeaderValue.fromString("application/octet-stream"));
  private static final Map<String, HeaderValue> STREAM_ERROR =
      Map.of(
          ":message-type", HeaderValue.fromString("exception"),
          ":exception-type", HeaderValue.fromString("ModelStreamError"),
          ":content-type", HeaderValue.fromString("application/json"));

  private final Exchange client;

  EventStreamExchange(Exchange client) {
    this.client = client;
  }

  @Override
  public void begin(HttpResponseStatus status, HttpHeaders headers) {
    String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
    if (type != null) {
      headers.set(SageMakerHeaders.CONTENT_TYPE, type);
    }
    headers.set(HttpHeaderNames.CONTENT_TYPE, EVENT_STREAM);
    headers.remove(HttpHeaderNames.CONTENT_LENGTH);
    client.begin(status, headers);
  }

  @Override
  public void write(ByteBuf piece) {
    try {
      while (piece.isReadable()) {
        int length = Math.min(piece.readableBytes(), MAX_PART_BYTES);
        byte[] part = ByteBufUtil.getBytes(piece.readSlice(length));
        client.write(Unpooled.wrappedBuffer(new Message(PART, part).toByteBuffer()));
      }
    } finally {
      piece.release();
    }
  }

  @Override
  public void answer(HttpResponseStatus status, HttpHeaders headers, ByteBuf body) {
    if (!status.equals(HttpResponseStatus.OK)) {
      client.answer(status, headers, body);
      return;
    }
    begin(status, headers);
    write(body);
    client.finish(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void breakOff() {
    var json = new StringBuilder("{\"ErrorCode\":\"StreamBroken\",\"Message\":");
    JsonText.append(
        json,
        "The model's answer broke off before its end. The endpoint's log may say why; the request"
            + " is "
            + requestId()
            + ".");
    byte[] payload = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    client.write(Unpooled.wrappedBuffer(new Message(STREAM_ERROR, payload).toByteBuffer()));
    client.finish(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void finish(HttpHeaders trailers) {
    client.finish(trailers);
  }

  @Override
  public void flush() {
    client.flush();
  }

  @Override
  public String requestId() {
    return client.requestId();
  }

  @Override
  public HttpRequest request() {
    return client.request();
  }

  @Override
  public EventLoop eventLoop() {
    return client.eventLoop();
  }

  @Override
  public ByteBufAllocator alloc() {
    return client.alloc();
  }

  @Override
  public BackendPool backends() {
    return client.backends();
  }

  @Override
  public boolean isUnanswered() {
    return client.isUnanswered();
  }

  @Override
  public boolean isOpen() {
    return client.isOpen();
  }

  @Override
  public void answer(HttpAnswer answer) {
    client.answer(answer);
  }

  @Override
  public void answer(WireError error) {
    client.answer(error);
  }

  @Override
  public boolean isClientWritable() {
    return client.isClientWritable();
  }

  @Override
  public void pauseBody() {
    client.pauseBody();
  }

  @Override
  public void resumeBody() {
    client.resumeBody();
  }
}
