package dev.berth.transform.body;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Room for bodies: so many bytes of heap, and a folder for what does not fit. Never blocks: whoever
 * gets no heap writes to a file. Arrays are used again as long as any are in use: requests are of
 * some MiB each, and a collector that has to find room for one after the other is busier than the
 * job. Many threads at a time.
 */
public final class Scratch {
  private static final int LEAST_BYTES = 4096;
  private static final int SIZES_PER_DOUBLING = 4;

  private final Path directory;
  private final long heapBytes;

  /** Nobody's, by their length. Guarded by this. */
  private final TreeMap<Integer, ArrayDeque<byte[]>> idle = new TreeMap<>();

  /** Guarded by this. */
  private long idleBytes;

  /** Guarded by this. */
  private long usedBytes;

  /**
   * Opens a folder, and empties it of what an earlier process left.
   *
   * @param heapBytes most heap that all bodies together take
   */
  public Scratch(Path directory, long heapBytes) {
    this.directory = directory;
    this.heapBytes = heapBytes;
    try {
      Files.createDirectories(directory);
      try (Stream<Path> left = Files.list(directory)) {
        for (Path file : left.toList()) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use the folder " + directory, e);
    }
  }

  /** Heap that bodies hold now, in bytes. */
  public synchronized long usedBytes() {
    return usedBytes;
  }

  /** Heap that is kept for the next bodies, in bytes. */
  public synchronized long idleBytes() {
    return idleBytes;
  }

  /** Returns a spool that takes a body in. */
  public Spool spool() {
    return spool(0);
  }

  /** Returns a spool that has room for so many bytes from its first one on, and grows beyond. */
  public Spool spool(long expectedBytes) {
    return new Spool(this, expectedBytes);
  }

  /**
   * Returns an array of at least so many bytes, with anything in it, to be given back; null when
   * that is more than there is.
   */
  synchronized byte @Nullable [] take(int leastBytes) {
    int size = size(leastBytes);
    byte[] array = idle(size);
    if (array == null) {
      if (usedBytes + size > heapBytes) {
        return null;
      }
      forget(usedBytes + idleBytes + size - heapBytes);
      array = new byte[size];
    }
    usedBytes += array.length;
    return array;
  }

  private byte @Nullable [] idle(int size) {
    ArrayDeque<byte[]> arrays = idle.get(size);
    byte[] array = arrays == null ? null : arrays.pollLast();
    if (array != null) {
      idleBytes -= size;
    }
    return array;
  }

  /** Lets go of so many idle bytes, if there are any, the shortest arrays first. */
  private void forget(long bytes) {
    long left = bytes;
    Iterator<ArrayDeque<byte[]>> all = idle.values().iterator();
    while (left > 0 && all.hasNext()) {
      ArrayDeque<byte[]> arrays = all.next();
      while (left > 0 && !arrays.isEmpty()) {
        int size = arrays.removeLast().length;
        idleBytes -= size;
        left -= size;
      }
    }
  }

  synchronized void give(byte[] array) {
    usedBytes -= array.length;
    if (usedBytes == 0) {
      idle.clear();
      idleBytes = 0;
    } else {
      idle.computeIfAbsent(array.length, _ -> new ArrayDeque<>()).addLast(array);
      idleBytes += array.length;
    }
  }

  /** Rounds up, so that bodies of about the same size use the same arrays. */
  private static int size(int leastBytes) {
    int step =
        Math.max(LEAST_BYTES, Integer.highestOneBit(Math.max(1, leastBytes)) / SIZES_PER_DOUBLING);
    return Math.ceilDiv(Math.max(1, leastBytes), step) * step;
  }

  Path newFile() {
    return directory.resolve(UUID.randomUUID().toString());
  }
}
