package dev.berth.gateway;

import io.netty.buffer.ByteBuf;

/**
 * One container of a pipeline at work on one invocation. All on the event loop of the client's
 * connection; what it has to say goes to its {@link PipelineInvocation}.
 */
interface Hop {

  /** Gives it a piece of its request's body, which it takes over. */
  void send(ByteBuf piece);

  /** Tells it that its request is complete. */
  void sendEnd();

  /** Stops or resumes the reading of its answer. */
  void pauseAnswer(boolean isPaused);

  /** Ends it; it says nothing more. Does nothing when it has ended already. */
  void cancel();
}
