package dev.berth.transform.body;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Room for bodies: so many bytes of heap, and a folder for what does not fit. Never blocks: whoever
 * gets no heap writes to a file. Many threads at a time.
 */
public final class Scratch {
  private final Path directory;
  private final long heapBytes;
  private final AtomicLong usedBytes = new AtomicLong();

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
  public long usedBytes() {
    return usedBytes.get();
  }

  /** Returns a spool that takes a body in. */
  public Spool spool() {
    return spool(0);
  }

  /** Returns a spool that has room for so many bytes from its first one on, and grows beyond. */
  public Spool spool(long expectedBytes) {
    return new Spool(this, expectedBytes);
  }

  boolean take(long bytes) {
    if (usedBytes.addAndGet(bytes) <= heapBytes) {
      return true;
    }
    usedBytes.addAndGet(-bytes);
    return false;
  }

  void give(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  Path newFile() {
    return directory.resolve(UUID.randomUUID().toString());
  }
}
