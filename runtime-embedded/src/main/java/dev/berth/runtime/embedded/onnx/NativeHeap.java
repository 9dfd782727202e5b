package dev.berth.runtime.embedded.onnx;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What the C library's allocator has given out in this process: {@code mallinfo2} of glibc 2.33 and
 * later. Other libraries don't tell.
 */
final class NativeHeap {
  /** {@code struct mallinfo2}: ten members of {@code size_t}. */
  private static final StructLayout INFO =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("arena"),
          ValueLayout.JAVA_LONG.withName("ordblks"),
          ValueLayout.JAVA_LONG.withName("smblks"),
          ValueLayout.JAVA_LONG.withName("hblks"),
          ValueLayout.JAVA_LONG.withName("hblkhd"),
          ValueLayout.JAVA_LONG.withName("usmblks"),
          ValueLayout.JAVA_LONG.withName("fsmblks"),
          ValueLayout.JAVA_LONG.withName("uordblks"),
          ValueLayout.JAVA_LONG.withName("fordblks"),
          ValueLayout.JAVA_LONG.withName("keepcost"));

  private static final long MAPPED =
      INFO.byteOffset(MemoryLayout.PathElement.groupElement("hblkhd"));
  private static final long IN_USE =
      INFO.byteOffset(MemoryLayout.PathElement.groupElement("uordblks"));

  private static final @Nullable MethodHandle MALLINFO = find();

  private NativeHeap() {}

  @SuppressWarnings("restricted") // a function of the C library, with its own signature
  private static @Nullable MethodHandle find() {
    if (ValueLayout.ADDRESS.byteSize() != Long.BYTES) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("mallinfo2")
        .map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(INFO)))
        .orElse(null);
  }

  /** Returns the bytes in use, of all threads; empty where the C library doesn't tell. */
  static OptionalLong usedBytes() {
    if (MALLINFO == null) {
      return OptionalLong.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = (MemorySegment) MALLINFO.invokeExact((SegmentAllocator) arena);
      return OptionalLong.of(
          info.get(ValueLayout.JAVA_LONG, IN_USE) + info.get(ValueLayout.JAVA_LONG, MAPPED));
    } catch (Throwable failure) {
      throw new IllegalStateException("mallinfo2 can't be called", failure);
    }
  }
}
