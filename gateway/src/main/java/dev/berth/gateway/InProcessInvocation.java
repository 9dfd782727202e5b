package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelResponse;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * One invocation of a model in this JVM. The instance counts as busy until the model has returned,
 * also when the client has long been told that it took too long: only then may it be unloaded.
 */
final class InProcessInvocation implements RequestListener, InProcessCall.Listener {
  private final Gateway gateway;
  private final Exchange exchange;
  private final Routed routed;
  private final InProcessCall call;
  private final Visit visit;

  InProcessInvocation(Gateway gateway, Exchange exchange, Routed routed, InProcessModel model) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.routed = routed;
    this.visit = Visit.begin(routed);
    HopRequest head = HopRequest.first(exchange.request(), true);
    this.call = new InProcessCall(gateway, exchange, routed, model, head, this);
  }

  @Override
  public void received(ByteBuf piece) {
    call.send(piece);
    if (call.size() > gateway.config().maxPayloadBytes()) {
      call.cancel();
      failed(gateway.payloadTooLarge());
    }
  }

  @Override
  public void ended(HttpHeaders trailers) {
    visit.sent();
    call.sendEnd();
  }

  @Override
  public void aborted() {
    call.cancel();
  }

  @Override
  public void answered(ModelResponse response) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    String contentType = response.contentType();
    if (contentType != null) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    }
    headers.set(SageMakerHeaders.INVOKED_VARIANT, routed.variant());
    visit.answeredAlone(HttpResponseStatus.OK.code());
    exchange.answer(HttpResponseStatus.OK, headers, Unpooled.wrappedBuffer(response.body()));
  }

  @Override
  public void failed(InvocationFailure failure) {
    if (failure instanceof InvocationFailure.ModelError error) {
      visit.answeredAlone(error.originalStatus());
    }
    gateway.fail(exchange, failure);
  }

  @Override
  public void released() {
    visit.leave();
    routed.end();
  }
}
