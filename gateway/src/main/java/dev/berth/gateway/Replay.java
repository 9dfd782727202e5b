package dev.berth.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request body as it was sent, kept while it is small, so that it can be sent once more. One
 * thread at a time.
 */
final class Replay {
  /** Longest body that is kept, in bytes. */
  static final int MAX_BYTES = 1 << 20;

  private final CollectedBytes memory;
  private final List<ByteBuf> pieces = new ArrayList<>(1);
  private int bytes;
  private boolean isWhole = true;

  Replay(CollectedBytes memory) {
    this.memory = memory;
  }

  /** Keeps a piece besides, which stays the caller's. */
  void add(ByteBuf piece) {
    int more = piece.readableBytes();
    if (!isWhole) {
      return;
    }
    if (bytes + more > MAX_BYTES || !memory.take(more)) {
      release();
      return;
    }
    bytes += more;
    pieces.add(piece.retainedDuplicate());
  }

  boolean isWhole() {
    return isWhole;
  }

  /** Returns the body once more, for the caller to release; null when it is empty. */
  @Nullable ByteBuf body() {
    if (pieces.isEmpty()) {
      return null;
    }
    return Unpooled.wrappedBuffer(
        pieces.stream().map(ByteBuf::retainedDuplicate).toArray(ByteBuf[]::new));
  }

  /** Gives the memory back, and keeps nothing more; more than once does no harm. */
  void release() {
    isWhole = false;
    pieces.forEach(ByteBuf::release);
    pieces.clear();
    memory.give(bytes);
    bytes = 0;
  }
}
