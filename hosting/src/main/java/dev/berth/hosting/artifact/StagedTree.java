package dev.berth.hosting.artifact;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * A directory being filled with an artifact's files. Names come as {@link EntryNames} made them.
 * Every file is created new, so no write goes through something that was there before. Many threads
 * may add files.
 */
final class StagedTree {
  /** Asked before a file is written; counts, makes room, or refuses. */
  @FunctionalInterface
  interface Space {
    void claim(long bytes) throws StagingException;
  }

  private static final int BUFFER_BYTES = 256 << 10;

  /** What a file takes at least, so that a million empty ones aren't free. */
  private static final long BLOCK_BYTES = 4096;

  private static final int PARALLEL_SYNCS = 8;

  private final Path root;
  private final Space space;
  private final int maxEntries;
  private final Kind faultKind;

  /** Names so far: true for a file, false for a directory. Guarded by itself. */
  private final Map<String, Boolean> names = new HashMap<>();

  /**
   * An empty tree.
   *
   * @param root an existing, empty directory
   * @param faultKind of failures for which the artifact's names are to blame
   */
  StagedTree(Path root, Space space, int maxEntries, Kind faultKind) {
    this.root = root;
    this.space = space;
    this.maxEntries = maxEntries;
    this.faultKind = faultKind;
  }

  /** Adds a directory and its parents; the same twice is once. */
  void addDirectory(String name) throws StagingException {
    if (!name.isEmpty()) {
      synchronized (names) {
        directories(name);
      }
    }
  }

  /**
   * Adds a file, or replaces the one of that name, as {@code tar} does.
   *
   * @param sizeBytes how many bytes of {@code content} to take; it must have them
   * @throws IOException what reading {@code content} threw
   */
  void addFile(String name, boolean executable, long sizeBytes, InputStream content)
      throws StagingException, IOException {
    space.claim(blocks(sizeBytes));
    Path file;
    synchronized (names) {
      file = newFile(name);
    }
    write(file, name, sizeBytes, content);
    try {
      Trees.permit(file, executable ? "r-xr-xr-x" : "r--r--r--");
    } catch (IOException e) {
      throw cannotWrite(name, e);
    }
  }

  /** Makes the tree durable and its directories read-only, traversable by all. */
  void seal() throws StagingException, InterruptedException {
    List<Path> files = new ArrayList<>();
    List<Path> directories = new ArrayList<>(List.of(root));
    names.forEach((name, isFile) -> (isFile ? files : directories).add(root.resolve(name)));
    forceAll(files);
    forceAll(directories);
    for (Path directory : directories) {
      try {
        Trees.permit(directory, "r-xr-xr-x");
      } catch (IOException e) {
        throw cannotWrite(directory.toString(), e);
      }
    }
  }

  private Path newFile(String name) throws StagingException {
    int slash = name.lastIndexOf('/');
    if (slash > 0) {
      directories(name.substring(0, slash));
    }
    Boolean before = names.get(name);
    if (Boolean.FALSE.equals(before)) {
      throw clash(name);
    }
    count(name, true);
    Path file = path(name);
    try {
      if (before != null) {
        Files.delete(file);
      }
      Files.createFile(file);
      return file;
    } catch (FileAlreadyExistsException e) {
      throw clash(name); // where 'a' and 'A' are one file
    } catch (IOException e) {
      throw cannotWrite(name, e);
    }
  }

  private void directories(String name) throws StagingException {
    Boolean before = names.get(name);
    if (Boolean.FALSE.equals(before)) {
      return;
    }
    if (before != null) {
      throw clash(name);
    }
    int slash = name.lastIndexOf('/');
    if (slash > 0) {
      directories(name.substring(0, slash));
    }
    count(name, false);
    space.claim(BLOCK_BYTES);
    try {
      Files.createDirectory(path(name));
    } catch (FileAlreadyExistsException e) {
      throw clash(name);
    } catch (IOException e) {
      throw cannotWrite(name, e);
    }
  }

  private void count(String name, boolean isFile) throws StagingException {
    names.put(name, isFile);
    if (names.size() > maxEntries) {
      throw new StagingException(
          Kind.TOO_LARGE,
          "it has more than %,d files and directories, the most one artifact may have"
              .formatted(maxEntries));
    }
  }

  private Path path(String name) throws StagingException {
    try {
      return root.resolve(name);
    } catch (InvalidPathException e) {
      throw new StagingException(
          faultKind,
          ("'%s' can't be a file name here: %s. Start Berth under a UTF-8 locale, for example with"
                  + " LC_ALL=C.UTF-8.")
              .formatted(name, e.getReason()));
    }
  }

  private void write(Path file, String name, long sizeBytes, InputStream content)
      throws StagingException, IOException {
    byte[] buffer = new byte[Math.clamp(sizeBytes, 1, BUFFER_BYTES)];
    try (OutputStream out = opened(file, name)) {
      for (long left = sizeBytes; left > 0; ) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("staging was cancelled");
        }
        int count = content.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (count < 0) {
          throw new IOException(
              "'%s' ends after %,d of %,d bytes".formatted(name, sizeBytes - left, sizeBytes));
        }
        try {
          out.write(buffer, 0, count);
        } catch (IOException e) {
          throw cannotWrite(name, e);
        }
        left -= count;
      }
    }
  }

  private OutputStream opened(Path file, String name) throws StagingException {
    try {
      return Files.newOutputStream(file, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw cannotWrite(name, e);
    }
  }

  private void forceAll(List<Path> paths) throws StagingException, InterruptedException {
    Semaphore permits = new Semaphore(PARALLEL_SYNCS);
    List<Future<?>> syncs = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Path path : paths) {
        permits.acquire();
        syncs.add(
            threads.submit(() -> {
              try {
                Trees.force(path);
                return null;
              } finally {
                permits.release();
              }
            }));
      }
      for (Future<?> sync : syncs) {
        sync.get();
      }
    } catch (ExecutionException e) {
      throw cannotWrite(
          root.toString(),
          e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause()));
    }
  }

  private StagingException clash(String name) {
    return new StagingException(
        faultKind,
        ("'%s' clashes with another entry: it would have to be both a file and a directory, or the"
                + " two differ in upper and lower case only")
            .formatted(name));
  }

  private StagingException cannotWrite(String name, IOException e) {
    var failure =
        isFull(e)
            ? new StagingException(
                Kind.TOO_LARGE,
                "the disk of %s is full, while writing '%s'; free some space".formatted(root, name))
            : new StagingException(
                Kind.DOWNLOAD, "'%s' can't be written to %s: %s".formatted(name, root, e));
    failure.initCause(e);
    return failure;
  }

  /** The JDK has no type for it; these are the C library's and Windows' words. */
  static boolean isFull(IOException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("No space left on device")
        || message.contains("Disk quota exceeded")
        || message.contains("not enough space on the disk");
  }

  private static long blocks(long sizeBytes) {
    return Math.max(1, Math.ceilDiv(sizeBytes, BLOCK_BYTES)) * BLOCK_BYTES;
  }
}
