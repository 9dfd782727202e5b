package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelResponse;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** A container of a pipeline that is a model in this JVM. */
class ModelHop implements Hop, InProcessCall.Listener {
  private final PipelineInvocation pipeline;
  private final int position;
  private final InstanceHold hold;
  private final InProcessCall call;

  ModelHop(
      Gateway gateway,
      Exchange exchange,
      PipelineInvocation pipeline,
      int position,
      InstanceHold hold,
      InProcessModel model,
      HopRequest head) {
    this.pipeline = pipeline;
    this.position = position;
    this.hold = hold;
    this.call = new InProcessCall(gateway, exchange, pipeline.routed(position), model, head, this);
    hold.retain();
  }

  @Override
  public void send(ByteBuf piece) {
    call.send(piece);
  }

  @Override
  public void sendEnd() {
    call.sendEnd();
  }

  /** Its answer is in memory already, so there is nothing to stop. */
  @Override
  public void pauseAnswer(boolean isPaused) {}

  @Override
  public void cancel() {
    call.cancel();
  }

  @Override
  public void answered(ModelResponse response) {
    ByteBuf body = Unpooled.wrappedBuffer(response.body());
    pipeline.answerBegun(
        position, new HopAnswer(response.contentType(), null, body.readableBytes()));
    pipeline.answerPiece(position, body);
    pipeline.answerEnded(position);
  }

  @Override
  public void failed(InvocationFailure failure) {
    pipeline.failed(position, failure);
  }

  @Override
  public void released() {
    hold.release();
  }
}
