package dev.berth.edge;

import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendPool;
import dev.berth.edge.backend.Deadline;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one client connection in order: one exchange at a time, what is pipelined behind it waits,
 * and every wait has a limit.
 *
 * <p>An answer may come before the whole request has. What little is left of the body is then read
 * and thrown away; where more is left or its length is unknown, the answer says {@code Connection:
 * close}, our side of the connection ends, and what still comes is discarded for a moment, so that
 * the client reads the answer and not a reset.
 */
// A write or close that fails ends the channel, and that is heard of in its own place.
@SuppressWarnings("FutureReturnValueIgnored")
final class FrontHandler extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(FrontHandler.class);

  /** Rest of a body that is cheaper to read than a new connection is to open. */
  private static final int MAX_DRAIN_BYTES = 65_536;

  private static final Duration LINGER = Duration.ofSeconds(2);
  private static final AsciiString REQUEST_ID = AsciiString.cached("x-amzn-RequestId");

  private enum Phase {
    FIRST_BYTE,
    HEAD,
    BODY,
    ANSWER,
    BETWEEN_REQUESTS,
    LINGERING
  }

  private final EdgeConfig config;
  private final Dispatcher dispatcher;
  private final WholeCalls wholeCalls;
  private final DateHeader date;
  private final BooleanSupplier isDraining;
  private final ResponseEncoder encoder;
  private final ArrayDeque<HttpObject> pipelined = new ArrayDeque<>();
  private @Nullable ChannelHandlerContext context;
  private final ReadSize readSize = new ReadSize();
  private @Nullable BackendPool backends;
  private @Nullable RequestDecoder decoder;
  private @Nullable Deadline deadline;
  private @Nullable Deadline writeStall;
  private @Nullable FrontExchange current;
  private @Nullable RequestListener listener;
  private Phase phase = Phase.FIRST_BYTE;
  private boolean isRequestComplete;
  private boolean isContinueOwed;
  private boolean isClosing;
  private boolean isBodyPaused;
  private boolean isQueueFull;
  private boolean isReading;
  private boolean isAdvancing;

  /**
   * @param encoder the encoder of the same connection
   * @param isDraining whether the server shuts down, so that connections end with their exchange
   */
  FrontHandler(
      EdgeConfig config,
      Dispatcher dispatcher,
      WholeCalls wholeCalls,
      DateHeader date,
      ResponseEncoder encoder,
      BooleanSupplier isDraining) {
    this.config = config;
    this.dispatcher = dispatcher;
    this.wholeCalls = wholeCalls;
    this.date = date;
    this.encoder = encoder;
    this.isDraining = isDraining;
  }

  /**
   * Gives the pool of this connection's event loop, and the connection's decoder; before the
   * handler is added.
   */
  void connect(BackendPool pool, RequestDecoder requests) {
    backends = pool;
    decoder = requests;
  }

  Channel channel() {
    return context().channel();
  }

  private ChannelHandlerContext context() {
    return Objects.requireNonNull(context);
  }

  BackendPool backends() {
    return Objects.requireNonNull(backends);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    ctx.channel().config().setRecvByteBufAllocator(readSize);
    Deadline limit = new Deadline(ctx.executor(), this::deadlinePassed);
    deadline = limit;
    writeStall = new Deadline(ctx.executor(), this::breakOff);
    limit.set(config.headTimeout());
  }

  // What comes in

  /** Called by the decoder before it looks at bytes. */
  void bytesArrived() {
    if (phase == Phase.FIRST_BYTE || phase == Phase.BETWEEN_REQUESTS) {
      enter(Phase.HEAD, config.headTimeout());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    isReading = true;
    if (phase == Phase.LINGERING || !(message instanceof HttpObject part)) {
      ReferenceCountUtil.release(message);
      return;
    }
    if (current != null && isRequestComplete) {
      pipelined.add(part);
      isQueueFull = pipelined.size() >= config.maxPipelined();
      if (isQueueFull) {
        updateReading();
      }
      return;
    }
    take(part);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    moveLongBody();
    isReading = false;
    ctx.flush();
  }

  /** Has the kernel move what more has come of a long body, where it goes on as it is. */
  private void moveLongBody() {
    RequestDecoder body = Objects.requireNonNull(decoder);
    long left = body.longBodyLeft();
    if (left == 0) {
      readSize.bodyEnded();
      return;
    }
    // Else the body is that of a later request, whose head waits for its turn.
    boolean isOfCurrent = current != null && !isRequestComplete && pipelined.isEmpty();
    BackendCall call = isOfCurrent && !isBodyPaused ? straightTo() : null;
    int moved = call == null ? 0 : call.moveFrom(channel(), left);
    body.skip(moved);
    readSize.bodyGoesOn(moved > 0);
    if (moved == left) {
      readSize.bodyEnded();
      take(LastHttpContent.EMPTY_LAST_CONTENT);
    }
  }

  private @Nullable BackendCall straightTo() {
    RequestListener taker = listener;
    return taker == null ? null : taker.straightTo();
  }

  private void take(HttpObject part) {
    if (part instanceof HttpRequest head) {
      takeHead(head);
    }
    if (part instanceof HttpContent content) {
      takeContent(content);
    }
  }

  private void takeHead(HttpRequest head) {
    var exchange = new FrontExchange(this, head, newRequestId());
    current = exchange;
    isRequestComplete = false;
    isContinueOwed = false;
    encoder.nextIsForHead(HttpMethod.HEAD.equals(head.method()));
    listener = Discard.INSTANCE;
    enter(Phase.BODY, config.bodyIdleTimeout());
    WireError malformed = malformation(head);
    if (malformed != null) {
      isClosing = true;
      exchange.answer(malformed);
      return;
    }
    if (!HttpUtil.isKeepAlive(head)) {
      isClosing = true;
    }
    isContinueOwed = HttpUtil.is100ContinueExpected(head);
    RequestListener taker = begin(exchange);
    if (current == exchange && exchange.isOpen()) {
      listener = taker;
      if (isContinueOwed) {
        isContinueOwed = false;
        context().writeAndFlush(continueResponse());
      }
    }
  }

  private static DefaultFullHttpResponse continueResponse() {
    return new DefaultFullHttpResponse(
        HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER);
  }

  private RequestListener begin(FrontExchange exchange) {
    try {
      Destination destination = dispatcher.dispatch(exchange.request());
      exchange.errors(destination.errors());
      return switch (destination) {
        case Destination.Whole whole -> wholeCalls.begin(exchange, whole);
        case Destination.Streaming streaming -> streaming.service().begin(exchange);
        case Destination.Proxy proxy -> ProxyCall.begin(exchange, proxy);
        case Destination.Refusal refusal -> {
          exchange.answer(refusal.error());
          yield Discard.INSTANCE;
        }
      };
    } catch (RuntimeException e) {
      failed(exchange, e);
      return Discard.INSTANCE;
    }
  }

  /** The one place where what a service throws on the event loop is logged and answered. */
  private void failed(FrontExchange exchange, RuntimeException cause) {
    log.error(
        "request {}: {} {} failed",
        exchange.requestId(),
        exchange.request().method(),
        exchange.request().uri(),
        cause);
    if (exchange.isUnanswered()) {
      exchange.answer(WireError.internal());
    } else {
      exchange.breakOff();
    }
  }

  private void takeContent(HttpContent content) {
    FrontExchange exchange = current;
    if (exchange == null || isRequestComplete) {
      content.release();
      return;
    }
    if (content.decoderResult().isFailure()) {
      content.release();
      brokenBody(exchange);
      return;
    }
    RequestListener taker = Objects.requireNonNull(listener);
    boolean isLast = content instanceof LastHttpContent;
    if (isLast) {
      isRequestComplete = true;
      enter(Phase.ANSWER, null);
      pauseBody(false);
    } else if (phase == Phase.BODY && !isBodyPaused) {
      enter(Phase.BODY, config.bodyIdleTimeout());
    }
    try {
      if (content.content().isReadable()) {
        taker.received(content.content());
      } else {
        content.release();
      }
      if (isLast && current == exchange) {
        Objects.requireNonNull(listener).ended(((LastHttpContent) content).trailingHeaders());
      }
    } catch (RuntimeException e) {
      failed(exchange, e);
    }
    if (isLast && current == exchange && exchange.isComplete()) {
      endExchange();
    }
  }

  private void brokenBody(FrontExchange exchange) {
    isClosing = true;
    abortListener();
    if (exchange.isUnanswered()) {
      exchange.answer(
          new WireError(400, "MalformedBody", "The request's chunked body is malformed."));
    } else {
      breakOff();
    }
  }

  /** Returns why the edge itself can't take a request, or null when it can. */
  private @Nullable WireError malformation(HttpRequest head) {
    if (head.decoderResult().isFailure()) {
      return switch (head.decoderResult().cause()) {
        case TooLongHttpLineException _ ->
            new WireError(
                414,
                "RequestUriTooLong",
                "The request line is longer than " + config.maxUriBytes() + " bytes.");
        case TooLongHttpHeaderException _ ->
            new WireError(
                431,
                "RequestHeaderSectionTooLarge",
                "The headers are longer than " + config.maxHeaderBytes() + " bytes.");
        case Throwable cause ->
            new WireError(400, "BadRequest", "Malformed HTTP request: " + cause.getMessage());
      };
    }
    HttpVersion version = head.protocolVersion();
    if (version.majorVersion() != 1) {
      return new WireError(505, "HttpVersionNotSupported", "Only HTTP/1.0 and HTTP/1.1 are.");
    }
    boolean isNew = version.equals(HttpVersion.HTTP_1_1);
    if (isNew && !head.headers().contains(HttpHeaderNames.HOST)) {
      return new WireError(400, "BadRequest", "An HTTP/1.1 request needs a Host header.");
    }
    String expected = head.headers().get(HttpHeaderNames.EXPECT);
    if (isNew && expected != null && !HttpHeaderValues.CONTINUE.contentEqualsIgnoreCase(expected)) {
      return new WireError(417, "ExpectationFailed", "Only 'Expect: 100-continue' is known.");
    }
    String coding = head.headers().get(HttpHeaderNames.TRANSFER_ENCODING);
    if (coding != null && !(isNew && HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(coding))) {
      return new WireError(
          501, "NotImplemented", "Of transfer codings, only chunked over HTTP/1.1 is known.");
    }
    return null;
  }

  private static String newRequestId() {
    // The version and variant bits of a random UUID; it is a label, not a secret.
    ThreadLocalRandom random = ThreadLocalRandom.current();
    long high = (random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low).toString();
  }

  // What goes out

  /** Adds the headers that every answer has, and decides whether the connection outlives it. */
  void addCommonHeaders(FrontExchange exchange, HttpHeaders headers) {
    if (isDraining.getAsBoolean() || (!isRequestComplete && !isRestSmall(exchange.request()))) {
      isClosing = true;
    }
    headers.set(REQUEST_ID, exchange.requestId());
    if (!headers.contains(HttpHeaderNames.DATE)) {
      headers.set(HttpHeaderNames.DATE, date.value(System.currentTimeMillis()));
    }
    if (isClosing) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    } else if (exchange.request().protocolVersion().equals(HttpVersion.HTTP_1_0)) {
      headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
    }
  }

  private boolean isRestSmall(HttpRequest head) {
    if (isContinueOwed || HttpUtil.isTransferEncodingChunked(head)) {
      return false;
    }
    return HttpUtil.getContentLength(head, 0L) <= MAX_DRAIN_BYTES;
  }

  void closeAfterAnswer() {
    isClosing = true;
  }

  void send(HttpObject part) {
    context().write(part);
  }

  /** Flushes now, or at the end of the present read, which saves a system call. */
  void flushSoon() {
    if (!isReading) {
      context().flush();
    }
  }

  void answerComplete() {
    flushSoon();
    listener = Discard.INSTANCE;
    if (isBodyPaused) {
      pauseBody(false);
    }
    // Else the small rest of the request is read first, and the exchange ends where that comes in.
    if (current != null && (isRequestComplete || isClosing)) {
      endExchange();
    }
  }

  private void endExchange() {
    current = null;
    listener = null;
    if (isClosing || isDraining.getAsBoolean()) {
      boolean isAllRead = isRequestComplete && pipelined.isEmpty();
      releasePipelined();
      if (isAllRead) {
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      } else {
        linger();
      }
      return;
    }
    enter(Phase.BETWEEN_REQUESTS, config.keepAliveTimeout());
    advance();
  }

  /** Serves what was pipelined, until a request waits for its answer again. */
  private void advance() {
    if (isAdvancing) {
      return;
    }
    isAdvancing = true;
    while (!(current != null && isRequestComplete)) {
      HttpObject next = pipelined.poll();
      if (next == null) {
        break;
      }
      take(next);
    }
    isAdvancing = false;
    if (isQueueFull && pipelined.size() < config.maxPipelined()) {
      isQueueFull = false;
      updateReading();
    }
  }

  /** Ends our side, then lets the client finish reading before the connection goes. */
  private void linger() {
    enter(Phase.LINGERING, LINGER);
    isBodyPaused = false;
    isQueueFull = false;
    context()
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(_ -> {
          if (channel() instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
          } else {
            channel().close();
          }
        });
    updateReading();
  }

  // Flow and limits

  void pauseBody(boolean isPaused) {
    // Once the request is complete, reading on is how a client that goes away is noticed.
    if (isBodyPaused == isPaused || (isPaused && isRequestComplete)) {
      return;
    }
    isBodyPaused = isPaused;
    updateReading();
    if (phase == Phase.BODY) {
      // While we do not read, the client is not the one to blame.
      enter(Phase.BODY, isPaused ? null : config.bodyIdleTimeout());
    }
  }

  private void updateReading() {
    channel().config().setAutoRead(!isBodyPaused && !isQueueFull);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    boolean isWritable = ctx.channel().isWritable();
    Deadline stall = Objects.requireNonNull(writeStall);
    if (isWritable) {
      stall.clear();
    } else {
      stall.set(config.bodyIdleTimeout());
    }
    RequestListener taker = listener;
    if (taker != null) {
      taker.clientWritable(isWritable);
    }
  }

  private void enter(Phase next, @Nullable Duration limit) {
    phase = next;
    Deadline due = Objects.requireNonNull(deadline);
    if (limit == null) {
      due.clear();
    } else {
      due.set(limit);
    }
  }

  private void deadlinePassed() {
    FrontExchange exchange = current;
    switch (phase) {
      case FIRST_BYTE, BETWEEN_REQUESTS, LINGERING, ANSWER -> channel().close();
      case HEAD -> answerTimeout("The request's head did not come within ", config.headTimeout());
      case BODY -> {
        abortListener();
        if (exchange != null && exchange.isUnanswered()) {
          isClosing = true;
          exchange.answer(timeout("The request's body stopped for ", config.bodyIdleTimeout()));
        } else {
          breakOff();
        }
      }
    }
  }

  /** Answers a request that never became an exchange. */
  private void answerTimeout(String what, Duration limit) {
    byte[] body = ErrorForm.PLAIN.body(timeout(what, limit), newRequestId());
    var response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.REQUEST_TIMEOUT, Unpooled.wrappedBuffer(body));
    response
        .headers()
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
        .set(HttpHeaderNames.CONTENT_TYPE, ErrorForm.PLAIN.contentType())
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    encoder.nextIsForHead(false);
    context().write(response);
    linger();
  }

  private static WireError timeout(String what, Duration limit) {
    return new WireError(408, "RequestTimeout", what + limit.toMillis() + " ms.");
  }

  // The end

  /** Closes the connection when it is between requests; else it closes with its exchange. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == Drain.NOW && current == null && phase != Phase.LINGERING) {
      ctx.close();
    }
    ReferenceCountUtil.release(event);
  }

  /** Tells a connection that the server shuts down. */
  enum Drain {
    NOW
  }

  void breakOff() {
    abortListener();
    FrontExchange exchange = current;
    if (exchange != null) {
      exchange.abort();
    }
    channel().close();
  }

  private void abortListener() {
    RequestListener taker = listener;
    if (taker != null) {
      listener = Discard.INSTANCE;
      taker.aborted();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    FrontExchange exchange = current;
    if (exchange != null) {
      exchange.abort();
    }
    abortListener();
    current = null;
    releasePipelined();
    Objects.requireNonNull(deadline).close();
    Objects.requireNonNull(writeStall).close();
  }

  private void releasePipelined() {
    for (HttpObject part : pipelined) {
      ReferenceCountUtil.release(part);
    }
    pipelined.clear();
  }

  /** A reset by the client, or a failure of the codec; either way the connection is of no use. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("connection {} ends: {}", ctx.channel().remoteAddress(), cause.toString());
    ctx.close();
  }

  /** Throws away the rest of a body that nobody wants. */
  private enum Discard implements RequestListener {
    INSTANCE;

    @Override
    public void received(ByteBuf piece) {
      piece.release();
    }

    @Override
    public void ended(HttpHeaders trailers) {}

    @Override
    public void aborted() {}
  }

  /** Returns a listener for a request that is answered already. */
  static RequestListener discard() {
    return Discard.INSTANCE;
  }
}
