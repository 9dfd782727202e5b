package dev.berth.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The folder one server keeps everything in, locked for as long as this is open. The operating
 * system gives the lock back when the process ends, however it ends.
 */
public final class DataDirectory implements AutoCloseable {
  private static final String LOCK_FILE = "berth.lock";

  /** Far behind the text, so that others can read the text where locks are mandatory. */
  private static final long LOCKED_BYTE = 1L << 40;

  /**
   * Folders locked by this process. The system's lock belongs to the process: opening and closing
   * the lock file a second time would release it, so the second attempt must not get that far.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel lock;

  private DataDirectory(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes the folder where it is missing and locks it.
   *
   * @throws StoreException when another server has it, or it cannot be written
   */
  public static DataDirectory open(Path folder) {
    Path path = makeFolder(folder);
    if (!HELD.add(path)) {
      throw inUse(path, "this process, " + ProcessHandle.current().pid());
    }
    try {
      return new DataDirectory(path, lock(path));
    } catch (RuntimeException e) {
      HELD.remove(path);
      throw e;
    }
  }

  /** Returns the folder, absolute and without links. */
  public Path path() {
    return path;
  }

  /** Returns the file with this name in the folder, there or not. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** Returns the sub-folder with this name, made where it is missing. */
  public Path folder(String name) {
    return makeFolder(path.resolve(name));
  }

  /** Unlocks the folder; everything in it stays. */
  @Override
  public void close() {
    if (!lock.isOpen()) {
      return;
    }
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException("could not unlock data folder " + path, e);
    } finally {
      HELD.remove(path);
    }
  }

  private static Path makeFolder(Path folder) {
    try {
      return Files.createDirectories(folder).toRealPath();
    } catch (IOException e) {
      throw new StoreException(
          "could not make data folder %s: %s; choose another or create it with write permission"
              .formatted(folder.toAbsolutePath(), e),
          e);
    }
  }

  private static FileChannel lock(Path path) {
    Path file = path.resolve(LOCK_FILE);
    @Nullable FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (channel.tryLock(LOCKED_BYTE, 1, false) == null) {
        throw inUse(path, "process " + holder(channel));
      }
      channel.truncate(0);
      channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(UTF_8)), 0);
      return channel;
    } catch (IOException e) {
      closeQuietly(channel);
      throw new StoreException(
          "data folder %s cannot be used: %s; it must be writable for user %s"
              .formatted(path, e, System.getProperty("user.name")),
          e);
    } catch (RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    var text = ByteBuffer.allocate(32);
    channel.read(text, 0);
    String pid = UTF_8.decode(text.flip()).toString().strip();
    return pid.isEmpty() ? "unknown" : pid;
  }

  private static StoreException inUse(Path path, String holder) {
    return new StoreException(
        "data folder %s is in use by another Berth server (%s); stop it, or choose another folder"
            .formatted(path, holder));
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException _) {
        // what made us give up is the one to tell
      }
    }
  }
}
