package dev.berth.edge;

import dev.berth.edge.backend.BackendCall;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * How much one read of a client's connection takes. It grows and shrinks with what came before, up
 * to a limit. One event loop only.
 */
final class ReadSize implements RecvByteBufAllocator {
  /** One read of a large body: each costs a system call here, and one where it is sent on. */
  static final int MAX_BYTES = 524_288;

  /** While the kernel moves a body past us: a read is there to notice that something has come. */
  private static final int MOVING_BYTES = 4096;

  /**
   * After such a body: the next one's begin passes us too, as a call keeps some of it. A read that
   * takes more copies it in vain.
   */
  private static final int BEGIN_BYTES = 2 * BackendCall.MAX_REPLAY_BYTES;

  private static final AdaptiveRecvByteBufAllocator BY_WHAT_CAME =
      new AdaptiveRecvByteBufAllocator(256, 4096, MAX_BYTES);

  private int limit = MAX_BYTES;

  /** Sets the limit for what is left of a long body. */
  void bodyGoesOn(boolean isMoved) {
    limit = isMoved ? MOVING_BYTES : MAX_BYTES;
  }

  /** Sets the limit for what comes after a long body. */
  void bodyEnded() {
    if (limit == MOVING_BYTES) {
      limit = BEGIN_BYTES;
    }
  }

  @Override
  @SuppressWarnings("deprecation") // every handle of Netty's is an extended one
  public Handle newHandle() {
    return new SizedHandle((ExtendedHandle) BY_WHAT_CAME.newHandle());
  }

  @SuppressWarnings("deprecation")
  private final class SizedHandle extends DelegatingHandle implements ExtendedHandle {
    private final ExtendedHandle byWhatCame;

    SizedHandle(ExtendedHandle byWhatCame) {
      super(byWhatCame);
      this.byWhatCame = byWhatCame;
    }

    @Override
    public int guess() {
      return Math.min(byWhatCame.guess(), limit);
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator alloc) {
      return alloc.ioBuffer(guess());
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
      return byWhatCame.continueReading(maybeMoreData);
    }
  }
}
