package dev.berth.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A request body on its way to a model in this JVM. A body that comes in one piece, as small ones
 * do, is not copied. Not thread-safe; may be handed from thread to thread.
 */
final class Payload {
  private static final int MAX_FIRST_BYTES = 1 << 20;

  private final ByteBufAllocator alloc;
  private final long announcedBytes;
  private final CollectedBytes memory;
  private @Nullable ByteBuf bytes;
  private boolean isOurs;
  private long takenBytes;

  /**
   * @param announcedBytes {@code Content-Length}, or -1
   * @param memory what bodies of more than one piece are counted against
   */
  Payload(ByteBufAllocator alloc, long announcedBytes, CollectedBytes memory) {
    this.alloc = alloc;
    this.memory = memory;
    this.announcedBytes = announcedBytes;
  }

  int size() {
    ByteBuf present = bytes;
    return present == null ? 0 : present.readableBytes();
  }

  /** Adds a piece and takes it over; returns false, and adds nothing, where memory is used up. */
  boolean add(ByteBuf piece) {
    ByteBuf present = bytes;
    if (present == null) {
      bytes = piece;
      return true;
    }
    try {
      if (!memory.take(piece.readableBytes())) {
        return false;
      }
      takenBytes += piece.readableBytes();
      if (!isOurs) {
        present = startCopy(present, piece.readableBytes());
      }
      present.writeBytes(piece);
      return true;
    } finally {
      piece.release();
    }
  }

  private ByteBuf startCopy(ByteBuf first, int more) {
    int seen = first.readableBytes() + more;
    // What is only announced takes memory up to a point; from there it grows as it comes.
    int room = (int) Math.max(2L * seen, Math.min(announcedBytes, MAX_FIRST_BYTES));
    ByteBuf copy = alloc.buffer(room).writeBytes(first);
    first.release();
    bytes = copy;
    isOurs = true;
    return copy;
  }

  /** Returns the whole body; valid until {@link #release()}. */
  ByteBuffer whole() {
    ByteBuf present = bytes;
    return present == null ? ByteBuffer.allocate(0) : present.nioBuffer();
  }

  /** Hands the whole body over, and counts it no more; null when nothing has come. */
  @Nullable ByteBuf take() {
    ByteBuf present = bytes;
    bytes = null;
    isOurs = false;
    memory.give(takenBytes);
    takenBytes = 0;
    return present;
  }

  /** Gives the memory back; more than once does no harm. */
  void release() {
    ByteBuf present = bytes;
    if (present != null) {
      bytes = null;
      present.release();
      memory.give(takenBytes);
      takenBytes = 0;
    }
  }
}
