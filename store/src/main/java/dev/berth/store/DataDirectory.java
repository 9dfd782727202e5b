package dev.berth.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The folder with all that survives a restart, held by one process at a time. The operating system
 * lets go of the lock when the process ends, however it ends.
 */
public final class DataDirectory implements AutoCloseable {
  private static final String LOCK = "berth.lock";

  private final Path path;
  private final FileChannel channel;

  private DataDirectory(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Makes the folder where it isn't there yet, and locks it.
   *
   * @throws StoreException when another process holds it, or it can't be written to
   */
  public static DataDirectory open(Path path) {
    Path lock = path.resolve(LOCK);
    FileChannel channel;
    try {
      Files.createDirectories(path);
      channel =
          FileChannel.open(
              lock, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new StoreException(
          "can't use data folder %s: %s; choose another with --data-dir or make it writable"
              .formatted(path, e),
          e);
    }
    try {
      @Nullable FileLock held = tryLock(channel);
      if (held == null) {
        String owner = Files.readString(lock).strip();
        channel.close();
        throw new StoreException(
            "data folder %s is in use by another Berth%s; stop that one or choose another folder with --data-dir"
                .formatted(path, owner.isEmpty() ? "" : " (pid " + owner + ")"));
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
      return new DataDirectory(path, channel);
    } catch (IOException e) {
      throw new StoreException("can't lock data folder %s: %s".formatted(path, e), e);
    }
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new StoreException("can't let go of data folder " + path, e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null;
    }
  }
}
