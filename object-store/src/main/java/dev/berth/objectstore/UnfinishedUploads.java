package dev.berth.objectstore;

import dev.berth.hosting.artifact.S3Uri;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.NoSuchUploadException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The multipart uploads that this installation has begun at an S3 elsewhere and not ended, a file
 * each, on disk before S3 is asked to begin: what a killed process leaves there is seen by nobody
 * but paid for, until the next one aborts it. Many threads at a time.
 */
final class UnfinishedUploads {
  private static final Logger LOG = LoggerFactory.getLogger(UnfinishedUploads.class);
  private static final String SUFFIX = ".upload";
  private static final int NOT_FOUND = 404;

  private final S3Client s3;
  private final Path directory;

  UnfinishedUploads(S3Client s3, Path directory) {
    this.s3 = s3;
    this.directory = directory;
  }

  /** One upload, until it is forgotten. */
  final class Entry {
    private final Path file = directory.resolve(UUID.randomUUID() + SUFFIX);
    private final S3Uri uri;

    private Entry(S3Uri uri) {
      this.uri = uri;
    }

    /** Keeps the id that S3 has given the upload. */
    void keep(String uploadId) throws IOException {
      write(file, uri, uploadId);
    }

    /** Forgets the upload, which is complete or aborted. */
    void forget() throws IOException {
      Files.deleteIfExists(file);
    }
  }

  /** Keeps that an upload is about to begin. */
  Entry begin(S3Uri uri) throws IOException {
    var entry = new Entry(uri);
    write(entry.file, uri, "");
    return entry;
  }

  /** Aborts, in the background, what an earlier process has left. */
  void abortLeft() {
    List<Path> left = files();
    if (!left.isEmpty()) {
      Thread.ofVirtual().name("abort-uploads").start(() -> left.forEach(this::abort));
    }
  }

  private List<Path> files() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(SUFFIX)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use the folder " + directory, e);
    }
  }

  private void abort(Path file) {
    var kept = new Properties();
    try (BufferedReader in = Files.newBufferedReader(file)) {
      kept.load(in);
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("an unfinished upload can't be aborted: {} can't be read", file, e);
      return;
    }
    String bucket = kept.getProperty("bucket", "");
    String key = kept.getProperty("key", "");
    String id = kept.getProperty("id", "");
    try {
      if (id.isEmpty()) {
        begunAt(bucket, key).forEach(upload -> abort(bucket, key, upload));
      } else {
        abort(bucket, key, id);
      }
      Files.delete(file);
      LOG.info("aborted the unfinished upload of s3://{}/{}", bucket, key);
    } catch (SdkException | IllegalStateException | IOException e) {
      LOG.warn(
          "the unfinished upload of s3://{}/{} is not aborted, the next start tries again: {}",
          bucket,
          key,
          e.getMessage());
    }
  }

  /** Returns the uploads of a key whose id was not kept: the process ended before it had it. */
  private List<String> begunAt(String bucket, String key) {
    try {
      return s3.listMultipartUploadsPaginator(b -> b.bucket(bucket).prefix(key)).uploads().stream()
          .filter(upload -> upload.key().equals(key))
          .map(MultipartUpload::uploadId)
          .toList();
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND) {
        return List.of(); // the bucket is gone
      }
      throw e;
    }
  }

  private void abort(String bucket, String key, String id) {
    try {
      var _ = s3.abortMultipartUpload(b -> b.bucket(bucket).key(key).uploadId(id));
    } catch (NoSuchUploadException _) {
      // It was complete, or aborted, when the process ended.
    } catch (S3Exception e) {
      if (e.statusCode() != NOT_FOUND) {
        throw e;
      }
    }
  }

  private static void write(Path file, S3Uri uri, String id) throws IOException {
    var kept = new Properties();
    kept.setProperty("bucket", uri.bucket());
    kept.setProperty("key", uri.key());
    kept.setProperty("id", id);
    var text = new StringWriter();
    kept.store(text, null);
    Path beside = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
