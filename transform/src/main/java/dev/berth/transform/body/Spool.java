package dev.berth.transform.body;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Takes one body in, on the heap or, when {@link Scratch} has none to give, in a file. Close it
 * unless {@link #body} was called. One thread at a time.
 */
public final class Spool extends OutputStream {
  private static final byte[] NOTHING = {};
  private static final int MOST_HEAP_BYTES = 1 << 30;

  private final Scratch scratch;
  private final long expectedBytes;
  private byte[] heap = NOTHING;
  private @Nullable Path file;
  private @Nullable OutputStream toFile;
  private long length;

  /**
   * Makes one.
   *
   * @param expectedBytes so much will probably come; 0 where nobody knows
   */
  Spool(Scratch scratch, long expectedBytes) {
    this.scratch = scratch;
    this.expectedBytes = expectedBytes;
  }

  /** Bytes taken in so far. */
  public long length() {
    return length;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    if (toFile == null && !hasRoom(count)) {
      moveToFile();
    }
    if (toFile != null) {
      toFile.write(bytes, offset, count);
    } else {
      System.arraycopy(bytes, offset, heap, (int) length, count);
    }
    length += count;
  }

  /** Takes in what is between the buffer's position and limit. */
  public void write(ByteBuffer buffer) throws IOException {
    int count = buffer.remaining();
    if (toFile == null && hasRoom(count)) {
      buffer.get(heap, (int) length, count);
      length += count;
      return;
    }
    byte[] copy = new byte[count];
    buffer.get(copy);
    write(copy, 0, count);
  }

  private boolean hasRoom(int count) {
    long needed = length + count;
    if (needed <= heap.length) {
      return true;
    }
    // While it grows, the old array is held too; it is small beside the new one's growth.
    byte[] larger = taken(Math.max(needed, heap.length == 0 ? expectedBytes : 2L * heap.length));
    if (larger == null) {
      larger = taken(needed);
    }
    if (larger == null) {
      return false;
    }
    System.arraycopy(heap, 0, larger, 0, (int) length);
    releaseHeap();
    heap = larger;
    return true;
  }

  private byte @Nullable [] taken(long size) {
    return size > MOST_HEAP_BYTES ? null : scratch.take((int) size);
  }

  private void moveToFile() throws IOException {
    Path target = scratch.newFile();
    file = target;
    OutputStream out = Files.newOutputStream(target);
    toFile = out;
    out.write(heap, 0, (int) length);
    releaseHeap();
  }

  private void releaseHeap() {
    if (heap.length > 0) {
      scratch.give(heap);
      heap = NOTHING;
    }
  }

  /** Returns what was taken in; the spool is empty and closed after it. */
  public Body body() throws IOException {
    if (toFile != null && file != null) {
      toFile.close();
      toFile = null;
      return new Body.InFile(file, length);
    }
    byte[] taken = heap;
    heap = NOTHING;
    Runnable release = taken.length == 0 ? () -> {} : () -> scratch.give(taken);
    return new Body.OnHeap(taken, 0, (int) length, release);
  }

  /** Lets go of what was taken in. */
  @Override
  public void close() throws IOException {
    releaseHeap();
    if (toFile != null && file != null) {
      toFile.close();
      toFile = null;
      Files.deleteIfExists(file);
    }
  }
}
