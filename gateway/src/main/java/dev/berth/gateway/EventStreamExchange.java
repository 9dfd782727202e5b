package dev.berth.gateway;

import dev.berth.api.service.HttpAnswer;
import dev.berth.edge.Exchange;
import dev.berth.edge.JsonText;
import dev.berth.edge.RequestListener;
import dev.berth.edge.WireError;
import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendPool;
import dev.berth.edge.backend.Deadline;
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
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.eventstream.HeaderValue;
import software.amazon.eventstream.Message;

/**
 * InvokeEndpointWithResponseStream: an exchange that sends the body of a 200 as PayloadPart events
 * (shape {@code ResponseStream} of the runtime API), each piece when it comes. What fails before
 * the first byte is an HTTP error like any other, what fails later a ModelStreamError event; so is
 * an answer that takes longer than the limit on streams.
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
  private final Duration limit;
  private final long begunNanos;
  private final Deadline deadline;
  private @Nullable RequestListener invocation;

  /**
   * @param limit from here to the answer's end; when it passes before the answer has begun, the
   *     stream ends with its beginning
   */
  EventStreamExchange(Exchange client, Duration limit) {
    this.client = client;
    this.limit = limit;
    this.begunNanos = client.eventLoop().ticker().nanoTime();
    this.deadline = new Deadline(client.eventLoop(), this::timedOut);
  }

  /** Returns a listener in front of the invocation's, which is given up when the limit passes. */
  RequestListener taking(RequestListener listener) {
    invocation = listener;
    return new Taker(listener);
  }

  /** What comes from the client goes on; a client that leaves takes the time limit with it. */
  private final class Taker implements RequestListener {
    private final RequestListener listener;

    Taker(RequestListener listener) {
      this.listener = listener;
    }

    @Override
    public void received(ByteBuf piece) {
      listener.received(piece);
    }

    @Override
    public @Nullable BackendCall straightTo() {
      return listener.straightTo();
    }

    @Override
    public void ended(HttpHeaders trailers) {
      listener.ended(trailers);
    }

    @Override
    public void aborted() {
      deadline.close();
      listener.aborted();
    }

    @Override
    public void clientWritable(boolean isWritable) {
      listener.clientWritable(isWritable);
    }
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
    long taken = client.eventLoop().ticker().nanoTime() - begunNanos;
    deadline.set(Duration.ofNanos(Math.max(0, limit.toNanos() - taken)));
  }

  private void timedOut() {
    RequestListener unfinished = invocation;
    if (unfinished != null && client.isOpen()) {
      unfinished.aborted();
      endWithError(
          "ModelInvocationTimeExceeded",
          "The model failed to finish sending the response within the timeout period of "
              + limit.toSeconds()
              + " seconds; the request is "
              + requestId()
              + ".");
    }
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
    finish(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void breakOff() {
    endWithError(
        "StreamBroken",
        "The model's answer broke off before its end. The endpoint's log may say why; the request"
            + " is "
            + requestId()
            + ".");
  }

  /** Ends the answer with a ModelStreamError of one of the codes that the API model lists. */
  private void endWithError(String code, String message) {
    var json = new StringBuilder("{\"ErrorCode\":\"").append(code).append("\",\"Message\":");
    JsonText.append(json, message);
    byte[] payload = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    client.write(Unpooled.wrappedBuffer(new Message(STREAM_ERROR, payload).toByteBuffer()));
    finish(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void finish(HttpHeaders trailers) {
    deadline.close();
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
