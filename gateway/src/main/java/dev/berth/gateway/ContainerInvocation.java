package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.edge.backend.BackendCall;
import dev.berth.edge.backend.BackendFailure;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.Target;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One invocation of a container, streamed both ways. Only the API's own headers pass, in both
 * directions; an answer outside 2xx is read and becomes a ModelError.
 */
final class ContainerInvocation implements RequestListener, BackendCall.Listener {
  /** More than the longest message that is shown, also in UTF-8. */
  static final int MAX_ERROR_BYTES = 4 * FailureAnswers.MAX_MESSAGE_LENGTH;

  private static final List<AsciiString> TO_CONTAINER =
      List.of(
          HttpHeaderNames.CONTENT_TYPE,
          HttpHeaderNames.ACCEPT,
          HttpHeaderNames.CONTENT_LENGTH,
          HttpHeaderNames.TRANSFER_ENCODING,
          SageMakerHeaders.CUSTOM_ATTRIBUTES,
          SageMakerHeaders.TARGET_MODEL,
          SageMakerHeaders.INFERENCE_ID);
  private static final List<AsciiString> TO_CLIENT =
      List.of(
          HttpHeaderNames.CONTENT_TYPE,
          HttpHeaderNames.CONTENT_LENGTH,
          SageMakerHeaders.CUSTOM_ATTRIBUTES);

  private final Gateway gateway;
  private final Exchange exchange;
  private final VariantRoute variant;
  private final List<InstanceRoute> tried = new ArrayList<>(1);
  private final BackendCall call;
  private final Visit visit;
  private final @Nullable LossListener loss;
  private Routed routed;
  private long sentBytes;
  private int errorStatus;
  private @Nullable ByteBuf error;
  private boolean isOver;

  private ContainerInvocation(
      Gateway gateway,
      Exchange exchange,
      VariantRoute variant,
      Routed routed,
      @Nullable LossListener loss) {
    this.loss = loss;
    this.gateway = gateway;
    this.exchange = exchange;
    this.variant = variant;
    this.routed = routed;
    this.visit = Visit.begin(routed);
    this.call = new BackendCall(exchange.backends(), gateway.containerLimits(), this);
  }

  /** Hears of a container that may have lost the model that it was to invoke. */
  interface LossListener {

    /** The connection has ended with the request, of which something may have been taken. */
    void brokenOff(Routed routed);

    /**
     * It answered 404 (no such model) or 507 (no memory), or nobody took the request (status 0).
     * Returns whether the listener goes on with the exchange from here.
     */
    boolean isTakenOver(Routed routed, InvocationFailure.ModelError failure);

    /** The container is done with it, one way or another. */
    void over();
  }

  static RequestListener begin(
      Gateway gateway, Exchange exchange, VariantRoute variant, Routed routed, Target.Http target) {
    return begin(gateway, exchange, variant, routed, target, null);
  }

  static RequestListener begin(
      Gateway gateway,
      Exchange exchange,
      VariantRoute variant,
      Routed routed,
      Target.Http target,
      @Nullable LossListener loss) {
    InetSocketAddress address = target.address();
    var invocation = new ContainerInvocation(gateway, exchange, variant, routed, loss);
    HttpHeaders headers = copy(exchange.request().headers(), TO_CONTAINER);
    headers.set(HttpHeaderNames.HOST, host(address));
    HttpRequest request =
        new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, target.path(), headers);
    invocation.call.start(address, request);
    return invocation;
  }

  /** Returns what {@code Host} says to a container. */
  static String host(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }

  /** A container that is gone is known to be so a moment later: until then, its neighbours help. */
  @Override
  public @Nullable InetSocketAddress elsewhere(HttpRequest head) {
    if (routed.model() != null) {
      return null; // a neighbour may not have that model
    }
    tried.add(routed.instance());
    for (InstanceRoute other : variant.instances()) {
      if (tried.contains(other)) {
        continue;
      }
      for (InstanceRoute.Container container : other.containers()) {
        if (container.name().equals(routed.container())
            && container.target() instanceof Target.Http(InetSocketAddress address, String _)) {
          routed.instance().end();
          other.begin();
          visit.moveTo(other);
          routed = new Routed(routed.endpoint(), routed.variant(), other, container.name());
          head.headers().set(HttpHeaderNames.HOST, host(address));
          return address;
        }
      }
    }
    return null;
  }

  /** A model may be loaded anew for what has not reached it; nothing is done twice. */
  @Override
  public boolean isSentOnce() {
    return loss != null;
  }

  private static HttpHeaders copy(HttpHeaders from, List<AsciiString> names) {
    HttpHeaders to = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    for (int i = 0; i < names.size(); i++) {
      String value = from.get(names.get(i));
      if (value != null) {
        to.set(names.get(i), value);
      }
    }
    return to;
  }

  private void over() {
    if (!isOver) {
      isOver = true;
      routed.end();
      visit.leave();
      if (loss != null) {
        loss.over();
      }
      ByteBuf collected = error;
      if (collected != null) {
        error = null;
        collected.release();
      }
    }
  }

  @Override
  public void received(ByteBuf piece) {
    sentBytes += piece.readableBytes();
    if (sentBytes > gateway.config().maxPayloadBytes()) {
      piece.release();
      call.cancel();
      over();
      gateway.fail(exchange, gateway.payloadTooLarge());
      return;
    }
    call.send(piece);
  }

  @Override
  public void ended(HttpHeaders trailers) {
    visit.sent();
    call.sendEnd(EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public void aborted() {
    call.cancel();
    over();
  }

  /** A body of known length was held against the limit before it came. */
  @Override
  public BackendCall straightTo() {
    return call;
  }

  @Override
  public void clientWritable(boolean isWritable) {
    call.pauseReading(!isWritable);
  }

  @Override
  public void backendWritable(boolean isWritable) {
    exchange.readBody(isWritable);
  }

  @Override
  public void answerHead(HttpResponse head) {
    int status = head.status().code();
    if (status < 200 || status > 299) {
      errorStatus = status;
      error = exchange.alloc().buffer();
      return;
    }
    HttpHeaders headers = copy(head.headers(), TO_CLIENT);
    if (status == 204) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, "0"); // the client gets a 200
    }
    headers.set(SageMakerHeaders.INVOKED_VARIANT, routed.variant());
    exchange.begin(HttpResponseStatus.OK, headers);
  }

  @Override
  public void answerPiece(ByteBuf piece) {
    ByteBuf collected = error;
    if (collected == null) {
      exchange.write(piece);
      return;
    }
    int room = Math.min(MAX_ERROR_BYTES - collected.readableBytes(), piece.readableBytes());
    collected.writeBytes(piece, room);
    piece.release();
  }

  @Override
  public void answerFlush() {
    exchange.flush();
  }

  @Override
  public void answerEnd(HttpHeaders trailers) {
    ByteBuf collected = error;
    if (collected == null) {
      visit.answeredAlone(HttpResponseStatus.OK.code());
      over();
      exchange.finish(EmptyHttpHeaders.INSTANCE);
      return;
    }
    String message = collected.toString(StandardCharsets.UTF_8);
    visit.answeredAlone(errorStatus);
    InvocationFailure.ModelError failure = routed.modelError(errorStatus, message);
    failed(failure, ModelRecovery.isLack(errorStatus));
  }

  /**
   * Passes a failure on, to whoever may do better if it {@code isLoss} of a model or its memory.
   */
  private void failed(InvocationFailure.ModelError failure, boolean isLoss) {
    boolean isTakenOver = isLoss && loss != null && loss.isTakenOver(routed, failure);
    over();
    if (!isTakenOver) {
      gateway.fail(exchange, failure);
    }
  }

  @Override
  public void answerFailed(BackendFailure failure) {
    visit.answeredAlone(0);
    if (loss != null && failure instanceof BackendFailure.Closed) {
      loss.brokenOff(routed);
    }
    if (!exchange.isUnanswered()) {
      over();
      exchange.breakOff();
      return;
    }
    failed(
        failure instanceof BackendFailure.FirstByteTimeout
            ? InvocationFailure.ModelError.timedOut(routed.endpoint(), routed.container())
            : routed.modelError(0, failure.message()),
        isUntaken(failure));
  }

  /** Whether nothing of a request can have reached the container. */
  static boolean isUntaken(BackendFailure failure) {
    return failure instanceof BackendFailure.Unreachable
        || failure instanceof BackendFailure.ConnectTimeout;
  }
}
