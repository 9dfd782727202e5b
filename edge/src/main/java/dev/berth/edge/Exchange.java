package dev.berth.edge;

import dev.berth.api.service.HttpAnswer;
import dev.berth.edge.backend.BackendPool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * One request and its answer on a connection. Used on its {@link #eventLoop()} only. Once the
 * exchange is over, however it ended, every method that answers does nothing but release what it
 * was given: a late worker need not ask first.
 *
 * <p>An answer is either one {@link #answer}, or {@link #begin}, any number of {@link #write}, and
 * {@link #finish} or {@link #breakOff}. The edge adds {@code x-amzn-RequestId}, {@code Date} and
 * {@code Connection}.
 */
public interface Exchange {

  /** UUID that the answer carries as {@code x-amzn-RequestId}. */
  String requestId();

  /** The request's head, checked for framing. */
  HttpRequest request();

  EventLoop eventLoop();

  ByteBufAllocator alloc();

  /** Connections to backends on this event loop. */
  BackendPool backends();

  /** Whether the client still waits for the answer's first byte. */
  boolean isUnanswered();

  /** Whether neither side has ended it yet. */
  boolean isOpen();

  /** Answers all at once; adds {@code Content-Length}, takes over {@code body}. */
  void answer(HttpResponseStatus status, HttpHeaders headers, ByteBuf body);

  /** Answers all at once. */
  void answer(HttpAnswer answer);

  /** Answers with an error in the form of this exchange's service. */
  void answer(WireError error);

  /**
   * Begins a streamed answer.
   *
   * @param headers with {@code Content-Length} or {@code Transfer-Encoding: chunked}; with neither,
   *     the body is sent chunked
   */
  void begin(HttpResponseStatus status, HttpHeaders headers);

  /** Sends a piece of the body and takes it over; {@link #flush()} makes it leave. */
  void write(ByteBuf piece);

  void flush();

  /** Ends a streamed answer. */
  void finish(HttpHeaders trailers);

  /**
   * Ends a streamed answer that can't be completed: the connection closes at once, so that the
   * client does not take what it has for the whole.
   */
  void breakOff();

  /** Whether the client takes more of the answer. */
  boolean isClientWritable();

  /** Stops reading the body; pieces already read still come. */
  void pauseBody();

  void resumeBody();

  /** Reads the body on, or stops, as what it goes to takes more of it or not. */
  default void readBody(boolean isTaken) {
    if (isTaken) {
      resumeBody();
    } else {
      pauseBody();
    }
  }
}
