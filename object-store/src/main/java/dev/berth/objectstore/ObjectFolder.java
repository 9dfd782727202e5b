package dev.berth.objectstore;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The embedded store's folder: {@code buckets/<bucket>/<key>} are the objects, {@code
 * uploads/<bucket>} holds parts of unfinished multipart uploads, {@code incoming} what is being
 * written. An object appears under {@code buckets} by one rename of a file that is whole and on
 * disk, so a reader, and the machine after a power cut, sees the old object or the new one.
 *
 * @param root the folder with the three
 */
record ObjectFolder(Path root) {
  /** Attempts to publish against deletions that keep removing the parent directory. */
  private static final int PUBLISH_ATTEMPTS = 10;

  /** Container of {@code incoming}, as the S3 library names containers below {@link #root}. */
  static final String INCOMING = "incoming";

  /** Creates what is missing and removes what a crash left in {@code incoming}. */
  static ObjectFolder open(Path root) throws IOException {
    ObjectFolder folder = new ObjectFolder(root.toAbsolutePath().normalize());
    Files.createDirectories(folder.buckets());
    Files.createDirectories(folder.root.resolve("uploads"));
    delete(folder.incoming());
    Files.createDirectories(folder.incoming());
    return folder;
  }

  Path buckets() {
    return root.resolve("buckets");
  }

  Path incoming() {
    return root.resolve(INCOMING);
  }

  /** Returns the container below {@link #root} that holds the parts of a bucket's uploads. */
  static String uploadsOf(String bucket) {
    return "uploads/" + bucket;
  }

  /** Returns the container below {@link #root} that holds a bucket's objects. */
  static String objectsOf(String bucket) {
    return "buckets/" + bucket;
  }

  /**
   * Makes {@code file} the object at {@code bucket} and {@code key}, durably and at once.
   *
   * @param onlyIfAbsent whether an object that is already there stays and the call fails with 412
   * @throws S3Exception when the key can't be a file name here
   */
  void publish(Path file, String bucket, String key, boolean onlyIfAbsent) {
    Path bucketDirectory = buckets().resolve(bucket);
    Path target = target(bucketDirectory, key);
    Path parent = requireNonNull(target.getParent());
    try {
      force(file);
      for (int attempt = 1; ; attempt++) {
        try {
          Files.createDirectories(parent);
          move(file, target, onlyIfAbsent);
          break;
        } catch (NoSuchFileException e) {
          // the deletion of a neighbour took the parent, which looked empty; it is made anew
          if (attempt == PUBLISH_ATTEMPTS || !Files.isDirectory(bucketDirectory)) {
            throw e;
          }
        }
      }
      forceDirectories(parent, bucketDirectory);
    } catch (FileAlreadyExistsException e) {
      throw clash(key);
    } catch (FileSystemException e) {
      if (Files.isDirectory(target)) {
        throw clash(key);
      }
      throw refused(key, e);
    } catch (IOException e) {
      throw refused(key, e);
    }
  }

  /** Returns the file of an object; never outside {@code bucketDirectory}. */
  private static Path target(Path bucketDirectory, String key) {
    Path target;
    try {
      target = bucketDirectory.resolve(key).normalize();
    } catch (InvalidPathException e) {
      throw S3Exceptions.invalidArgument(
          "The key '%s' can't be a file name on this machine: %s".formatted(key, e.getReason()));
    }
    if (!target.startsWith(bucketDirectory) || target.equals(bucketDirectory)) {
      throw S3Exceptions.invalidArgument("The key '%s' leaves its bucket.".formatted(key));
    }
    return target;
  }

  private static void move(Path file, Path target, boolean onlyIfAbsent) throws IOException {
    if (onlyIfAbsent) {
      // a link fails where the target exists; a rename would replace it
      try {
        Files.createLink(target, file);
      } catch (FileAlreadyExistsException e) {
        throw S3Exceptions.preconditionFailed(e);
      }
      Files.delete(file);
    } else {
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Makes the names from {@code directory} up to {@code last} durable. */
  private static void forceDirectories(Path directory, Path last) throws IOException {
    for (Path each = directory; each != null && each.startsWith(last); each = each.getParent()) {
      try {
        force(each);
      } catch (NoSuchFileException _) {
        // a deletion that came after this write took it; the write has nothing left to keep
      }
    }
  }

  private static S3Exception clash(String key) {
    return S3Exceptions.invalidArgument(
        ("The key '%s' clashes with another: this store keeps keys as files, so a key can't also be"
                + " the folder of others.")
            .formatted(key));
  }

  private static RuntimeException refused(String key, IOException e) {
    if (e instanceof FileSystemException file
        && file.getReason() != null
        && file.getReason().contains("name too long")) {
      return S3Exceptions.invalidArgument(
          "The key '%s' has a segment that is too long for a file name on this machine."
              .formatted(key));
    }
    return new UncheckedIOException("cannot store the key '%s'".formatted(key), e);
  }

  /** Removes a directory and what is in it, where it exists. */
  static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
