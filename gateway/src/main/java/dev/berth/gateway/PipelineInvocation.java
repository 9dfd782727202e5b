package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.edge.backend.Deadline;
import dev.berth.gateway.GatewayConfig.PipelineAccept;
import dev.berth.hosting.load.ContainerLoad;
import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.Target;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One invocation of an inference pipeline (Developer Guide, "Inference pipelines"): what one
 * container answers is what the next one gets, as it comes and at the pace of the slower of the
 * two; the last one's answer is the client's. All containers share one time limit. The first that
 * fails ends it, and the others are hung up on.
 */
final class PipelineInvocation implements RequestListener {
  private final Gateway gateway;
  private final Exchange exchange;
  private final String endpoint;
  private final VariantRoute variant;
  private final Deadline deadline;
  private final List<InstanceRoute> tried = new ArrayList<>(1);
  private final List<Hop> hops;
  private final long[] answeredBytes;
  private final Visit[] visits;
  private final long begunNanos = System.nanoTime();
  private InstanceHold hold;
  private long modelNanos;
  private boolean isRequestComplete;
  private long dueNanos;
  private int completeAnswers;
  private long receivedBytes;
  private int tooLargeAnswer = -1;
  private boolean isOver;

  private PipelineInvocation(
      Gateway gateway,
      Exchange exchange,
      String endpoint,
      VariantRoute variant,
      InstanceRoute instance) {
    this.gateway = gateway;
    this.exchange = exchange;
    this.endpoint = endpoint;
    this.variant = variant;
    this.hold = InstanceHold.on(instance);
    this.hops = new ArrayList<>(instance.containers().size());
    this.answeredBytes = new long[instance.containers().size()];
    this.visits = new Visit[instance.containers().size()];
    this.deadline = new Deadline(exchange.eventLoop(), this::timedOut);
  }

  static RequestListener begin(
      Gateway gateway,
      Exchange exchange,
      String endpoint,
      VariantRoute variant,
      InstanceRoute instance) {
    var pipeline = new PipelineInvocation(gateway, exchange, endpoint, variant, instance);
    pipeline.beginHop(HopRequest.first(exchange.request(), pipeline.isAcceptFor(0)));
    return pipeline;
  }

  private boolean isAcceptFor(int position) {
    return isLast(position) || gateway.config().pipelineAccept() == PipelineAccept.ALL;
  }

  private boolean isLast(int position) {
    return position == answeredBytes.length - 1;
  }

  Routed routed(int position) {
    return new Routed(endpoint, variant.name(), hold.instance(), name(position));
  }

  private String name(int position) {
    return hold.instance().containers().get(position).name();
  }

  /** Begins the next container's part. */
  private void beginHop(HopRequest head) {
    int position = hops.size();
    if (position > 0 && !gateway.admission().takes(hold.instance(), position, leftNanos())) {
      failed(gateway.admission().shed(endpoint, variant, hold.instance(), position));
      return;
    }
    visits[position] = Visit.begin(hold.instance(), position);
    switch (hold.instance().containers().get(position).target()) {
      case Target.InProcess(var model) ->
          hops.add(new ModelHop(gateway, exchange, this, position, hold, model, head));
      case Target.Http(InetSocketAddress address, String path) -> {
        var hop = new HttpHop(exchange, gateway.containerLimits(), this, position);
        hops.add(hop);
        hop.start(address, head, path, null);
      }
      case Target.MultiModel _ -> {
        ModelCache models =
            Objects.requireNonNull(hold.instance().containers().get(position).models());
        String model = exchange.request().headers().get(SageMakerHeaders.TARGET_MODEL);
        String name = ModelPrefix.normalized(Objects.requireNonNull(model));
        var hop = new MultiModelHop(gateway, exchange, this, position, hold, models, name, head);
        hops.add(hop);
        hop.start(leftNanos());
      }
    }
    if (isOver) {
      return;
    }
    if (isLast(position) && !exchange.isClientWritable()) {
      hops.get(position).pauseAnswer(true);
    }
  }

  InvocationFailure shed(int position, ContainerLoad waiting) {
    return gateway.admission().shed(endpoint, variant, hold.instance(), position, waiting);
  }

  /** How long it may still take. */
  long leftNanos() {
    return isRequestComplete
        ? dueNanos - System.nanoTime()
        : gateway.config().invocationTimeout().toNanos();
  }

  // From the client

  @Override
  public void received(ByteBuf piece) {
    receivedBytes += piece.readableBytes();
    if (receivedBytes > gateway.config().maxPayloadBytes()) {
      piece.release();
      failed(gateway.payloadTooLarge());
    } else {
      hops.getFirst().send(piece);
    }
  }

  @Override
  public void ended(HttpHeaders trailers) {
    if (!isOver) {
      deadline.set(gateway.config().invocationTimeout());
      isRequestComplete = true;
      dueNanos = System.nanoTime() + gateway.config().invocationTimeout().toNanos();
      visits[0].sent();
      hops.getFirst().sendEnd();
    }
  }

  @Override
  public void aborted() {
    end();
  }

  @Override
  public void clientWritable(boolean isWritable) {
    if (hops.size() == answeredBytes.length) {
      hops.getLast().pauseAnswer(!isWritable);
    }
  }

  // From the containers

  /** Whether a container takes more of what comes from the one before it, or from the client. */
  void takesMore(int position, boolean isReady) {
    if (position > 0) {
      hops.get(position - 1).pauseAnswer(!isReady);
    } else {
      exchange.readBody(isReady);
    }
  }

  /** Returns where else the first container is, when it can't be connected to. */
  @Nullable InetSocketAddress neighbour(int position) {
    if (position > 0) {
      return null; // the ones before have done their part, which is not to be done twice
    }
    tried.add(hold.instance());
    for (InstanceRoute other : variant.instances()) {
      if (!tried.contains(other)
          && other.containers().size() == answeredBytes.length
          && other.containers().getFirst().target() instanceof Target.Http(var address, String _)) {
        hold.release();
        hold = InstanceHold.on(other);
        visits[0].moveTo(other);
        return address;
      }
    }
    return null;
  }

  void answerBegun(int position, HopAnswer answer) {
    if (isLast(position)) {
      answerClient(answer);
    } else if (answer.length() > gateway.config().maxHopBytes()) {
      failed(tooLarge(position, answer.length()));
    } else {
      beginHop(HopRequest.next(exchange.request(), isAcceptFor(position + 1), answer));
    }
  }

  private void answerClient(HopAnswer answer) {
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    if (answer.contentType() != null) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, answer.contentType());
    }
    if (answer.customAttributes() != null) {
      headers.set(SageMakerHeaders.CUSTOM_ATTRIBUTES, answer.customAttributes());
    }
    if (answer.length() != HopRequest.UNKNOWN) {
      headers.set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(answer.length()));
    }
    headers.set(SageMakerHeaders.INVOKED_VARIANT, variant.name());
    deadline.clear();
    exchange.begin(HttpResponseStatus.OK, headers);
  }

  void answerPiece(int position, ByteBuf piece) {
    if (isOver) {
      piece.release();
    } else if (isLast(position)) {
      exchange.write(piece);
    } else {
      passOn(position, piece);
    }
  }

  private void passOn(int position, ByteBuf piece) {
    answeredBytes[position] += piece.readableBytes();
    if (answeredBytes[position] > gateway.config().maxHopBytes()) {
      piece.release();
      tooLargeSoFar(position);
    } else {
      hops.get(position + 1).send(piece);
    }
  }

  /** Hangs up on the next container; the rest of the answer is only counted, for the message. */
  private void tooLargeSoFar(int position) {
    if (!exchange.isUnanswered()) {
      failed(tooLarge(position, answeredBytes[position]));
    } else if (tooLargeAnswer < 0) {
      tooLargeAnswer = position;
      for (int i = position + 1; i < hops.size(); i++) {
        hops.get(i).cancel();
      }
      hops.get(position).pauseAnswer(false);
    }
  }

  void answerFlush(int position) {
    if (isLast(position)) {
      exchange.flush();
    }
  }

  void answerEnded(int position) {
    if (isOver) {
      return;
    }
    completeAnswers = position + 1;
    modelNanos += visits[position].answered(HttpResponseStatus.OK.code());
    visits[position].leave();
    if (position == tooLargeAnswer) {
      failed(tooLarge(position, answeredBytes[position]));
    } else if (isLast(position)) {
      hold.instance().invoked(modelNanos, System.nanoTime() - begunNanos - modelNanos);
      end();
      exchange.finish(EmptyHttpHeaders.INSTANCE);
    } else {
      takesMore(position, true); // what still comes for it is thrown away, not left waiting
      visits[position + 1].sent();
      hops.get(position + 1).sendEnd();
    }
  }

  private InvocationFailure tooLarge(int position, long bytes) {
    return new InvocationFailure.HopTooLarge(
        endpoint, name(position), name(position + 1), bytes, gateway.config().maxHopBytes());
  }

  /** The time is up while a container had still to answer: the first of those is to blame. */
  private void timedOut() {
    if (tooLargeAnswer < 0
        && hops.get(completeAnswers) instanceof MultiModelHop hop
        && hop.isWaiting()) {
      hop.waitedTooLong();
    } else if (tooLargeAnswer < 0) {
      failed(
          completeAnswers, InvocationFailure.ModelError.timedOut(endpoint, name(completeAnswers)));
    } else {
      failed(tooLarge(tooLargeAnswer, answeredBytes[tooLargeAnswer]));
    }
  }

  /** Ends it, as the container at {@code position} failed. */
  void failed(int position, InvocationFailure failure) {
    if (!isOver && failure instanceof InvocationFailure.ModelError error) {
      modelNanos += visits[position].answered(error.originalStatus());
      hold.instance().invoked(modelNanos, System.nanoTime() - begunNanos - modelNanos);
    }
    failed(failure);
  }

  private void failed(InvocationFailure failure) {
    if (isOver) {
      return;
    }
    end();
    if (exchange.isUnanswered()) {
      gateway.fail(exchange, failure);
    } else {
      exchange.breakOff();
    }
  }

  private void end() {
    if (!isOver) {
      isOver = true;
      deadline.close();
      for (int i = 0; i < hops.size(); i++) {
        hops.get(i).cancel();
        visits[i].leave();
      }
      hold.release();
    }
  }
}
