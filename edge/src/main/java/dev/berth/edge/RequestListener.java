package dev.berth.edge;

import dev.berth.edge.backend.BackendCall;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Takes one request's body as it comes. All methods are called on the exchange's event loop and
 * must not block. After {@link #aborted} nothing more is called.
 */
public interface RequestListener {

  /** A piece of the body, for this to release. */
  void received(ByteBuf piece);

  /** The body is complete. Pieces of one read may still follow {@link Exchange#pauseBody()}. */
  void ended(HttpHeaders trailers);

  /**
   * The client is gone, or broke off its body, or the edge ended the exchange: whatever is held for
   * it is to be given up. Called at most once, and not after the answer was complete.
   */
  void aborted();

  /**
   * The call that a body of known length goes to just as it comes, so that parts of it may be moved
   * there past {@link #received}; null where each piece is to be seen here.
   */
  default @Nullable BackendCall straightTo() {
    return null;
  }

  /** Whether the client takes more of the answer; until told, write nothing more. */
  default void clientWritable(boolean isWritable) {}
}
