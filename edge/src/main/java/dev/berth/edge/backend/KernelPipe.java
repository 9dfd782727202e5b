package dev.berth.edge.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pipe through which bytes go from one socket to another without being copied: splice(2) hands
 * the kernel's own pages on. Empty between two uses. One thread at a time.
 */
final class KernelPipe implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KernelPipe.class);

  /** What a user without privileges may have: fs.pipe-max-size. */
  private static final int CAPACITY_BYTES = 1 << 20;

  private final FileDescriptor in;
  private final FileDescriptor out;

  private KernelPipe(FileDescriptor in, FileDescriptor out) {
    this.in = in;
    this.out = out;
  }

  /** Opens a pipe; returns null where the kernel has none to give. */
  static @Nullable KernelPipe open() {
    try {
      FileDescriptor[] ends = FileDescriptor.pipe();
      var pipe = new KernelPipe(ends[1], ends[0]);
      Capacity.raise(ends[1].intValue(), CAPACITY_BYTES);
      return pipe;
    } catch (IOException e) {
      log.debug("bodies are copied, as there is no pipe: {}", e.toString());
      return null;
    }
  }

  /** Whether bytes can go from {@code from} to {@code to} in this way. */
  static boolean connects(Channel from, Channel to) {
    return from instanceof EpollSocketChannel && to instanceof EpollSocketChannel;
  }

  /**
   * Takes bytes that wait in the receive buffer of a socket. Returns how many; 0 when none wait, or
   * when there is something else about that socket, which its next read finds out.
   */
  int take(Channel from, long most) {
    try {
      return Native.splice(fd(from), -1, in.intValue(), -1, Math.min(most, CAPACITY_BYTES));
    } catch (IOException _) {
      return 0;
    }
  }

  /**
   * Sends what is in the pipe. Returns how many bytes the socket took: fewer than there are when
   * its buffer is full; or when it is of no more use, which its next write finds out.
   */
  int send(Channel to, int bytes) {
    try {
      return Native.splice(out.intValue(), -1, fd(to), -1, bytes);
    } catch (IOException _) {
      return 0;
    }
  }

  /** Reads so many bytes of those in the pipe into memory. */
  ByteBuf read(ByteBuf into, int bytes) {
    try {
      int end = into.writerIndex() + bytes;
      while (into.writerIndex() < end) {
        int read = out.readAddress(into.memoryAddress(), into.writerIndex(), end);
        if (read <= 0) {
          throw new IOException("a pipe had fewer bytes than were put into it");
        }
        into.writerIndex(into.writerIndex() + read);
      }
      return into;
    } catch (IOException e) {
      into.release();
      throw new IllegalStateException(e);
    }
  }

  private static int fd(Channel channel) {
    return ((EpollSocketChannel) channel).fd().intValue();
  }

  @Override
  public void close() {
    for (FileDescriptor end : new FileDescriptor[] {in, out}) {
      try {
        end.close();
      } catch (IOException e) {
        log.debug("a pipe was not closed: {}", e.toString());
      }
    }
  }

  /** fcntl(2), for which Netty has no call. */
  @SuppressWarnings("restricted") // as is Netty's native library, which is loaded by then
  private static final class Capacity {
    private static final int F_SETPIPE_SZ = 1031;

    private static final MethodHandle FCNTL =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("fcntl"),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));

    /** Where it is refused, the pipe keeps its 64 KB, and moves less at a time. */
    static void raise(int pipe, int bytes) {
      try {
        int _ = (int) FCNTL.invokeExact(pipe, F_SETPIPE_SZ, bytes);
      } catch (Throwable e) {
        throw new IllegalStateException(e); // a downcall itself throws nothing
      }
    }
  }
}
