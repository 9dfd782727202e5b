package dev.berth.edge;

import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs services that take their requests whole, each on a virtual thread, a bounded number at a
 * time.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
final class WholeCalls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WholeCalls.class);

  /** Grown as the body comes: a length that is only claimed takes no memory. */
  private static final int FIRST_BUFFER_BYTES = 4096;

  private final int maxInFlight;
  private final Semaphore permits;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("berth-call-", 0).factory());

  WholeCalls(int maxInFlight) {
    this.maxInFlight = maxInFlight;
    this.permits = new Semaphore(maxInFlight);
  }

  /** Begins to collect a request's body. */
  RequestListener begin(Exchange exchange, Destination.Whole destination) {
    long length = HttpUtil.getContentLength(exchange.request(), 0L);
    if (length > destination.maxBodyBytes()) {
      exchange.answer(tooLarge(destination));
      return FrontHandler.discard();
    }
    return new Collector(exchange, destination);
  }

  private static WireError tooLarge(Destination.Whole destination) {
    return new WireError(
        413,
        "RequestEntityTooLarge",
        "The request's body is larger than " + destination.maxBodyBytes() + " bytes.");
  }

  /** Ends the calls that still run, whose clients are gone, by interrupting them. */
  @Override
  public void close() {
    threads.shutdownNow();
  }

  private final class Collector implements RequestListener {
    private final Exchange exchange;
    private final Destination.Whole destination;
    // On the heap and not pooled: the service may keep it, and nobody has to give it back.
    private final ByteBuf body = Unpooled.buffer(FIRST_BUFFER_BYTES);

    Collector(Exchange exchange, Destination.Whole destination) {
      this.exchange = exchange;
      this.destination = destination;
    }

    @Override
    public void received(ByteBuf piece) {
      try {
        if (body.readableBytes() + piece.readableBytes() > destination.maxBodyBytes()) {
          exchange.answer(tooLarge(destination));
        } else {
          body.writeBytes(piece);
        }
      } finally {
        piece.release();
      }
    }

    @Override
    public void ended(HttpHeaders trailers) {
      if (!exchange.isUnanswered()) {
        return;
      }
      if (!permits.tryAcquire()) {
        exchange.answer(
            WireError.overloaded(
                maxInFlight + " requests are being processed already; try again in a moment."));
        return;
      }
      HttpRequest head = exchange.request();
      var call =
          new HttpCall(
              exchange.requestId(),
              head.method().name(),
              head.uri(),
              copy(head.headers()),
              body.nioBuffer());
      threads.execute(() -> run(call));
    }

    private void run(HttpCall call) {
      try {
        HttpAnswer answer = destination.service().answer(call);
        onLoop(() -> deliver(call, answer));
      } catch (RuntimeException | Error e) {
        log.error("request {}: {} {} failed", call.requestId(), call.method(), call.path(), e);
        onLoop(() -> exchange.answer(WireError.internal()));
      } finally {
        permits.release();
      }
    }

    private void onLoop(Runnable answering) {
      try {
        exchange.eventLoop().execute(answering);
      } catch (RejectedExecutionException e) {
        log.debug("request {} ended after the server had closed", exchange.requestId(), e);
      }
    }

    private void deliver(HttpCall call, HttpAnswer answer) {
      try {
        exchange.answer(answer);
      } catch (IllegalArgumentException e) {
        log.error(
            "request {}: the answer to {} has a bad header", call.requestId(), call.path(), e);
        exchange.answer(WireError.internal());
      }
    }

    /** The call goes on without its client: what it changes is acknowledged nowhere else. */
    @Override
    public void aborted() {}
  }

  private static java.net.http.HttpHeaders copy(HttpHeaders from) {
    Map<String, List<String>> to = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> header : from) {
      to.computeIfAbsent(header.getKey(), _ -> new ArrayList<>(1)).add(header.getValue());
    }
    return java.net.http.HttpHeaders.of(to, (_, _) -> true);
  }
}
