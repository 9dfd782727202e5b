package dev.berth.server.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketAlreadyExistsException;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Brings a file into the store, in parts when it is large, and shows how far it is. */
final class ModelUpload {
  /** At most 10,000 parts make an object: with these, 320 GB. */
  private static final int PART_BYTES = 32 << 20;

  private final S3Client s3;
  private final ProgressView view;

  ModelUpload(S3Client s3, ProgressView view) {
    this.s3 = s3;
    this.view = view;
  }

  /** Makes {@code bucket} if it isn't there; returns whether it had to. */
  boolean ensureBucket(String bucket) {
    try {
      s3.headBucket(request -> request.bucket(bucket));
      return false;
    } catch (S3Exception missing) {
      if (missing.statusCode() != 404) {
        throw missing;
      }
    }
    try {
      s3.createBucket(request -> request.bucket(bucket));
      return true;
    } catch (BucketAlreadyOwnedByYouException | BucketAlreadyExistsException madeMeanwhile) {
      return false;
    }
  }

  /** Uploads {@code file} and returns its {@code s3://} URI. */
  String upload(Path file, String bucket, String key) throws IOException {
    try {
      if (Files.size(file) <= PART_BYTES) {
        s3.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromFile(file));
      } else {
        uploadInParts(file, bucket, key);
      }
      return "s3://%s/%s".formatted(bucket, key);
    } finally {
      view.clear();
    }
  }

  private void uploadInParts(Path file, String bucket, String key) throws IOException {
    var id = s3.createMultipartUpload(request -> request.bucket(bucket).key(key)).uploadId();
    try {
      var parts = sendParts(file, bucket, key, id);
      s3.completeMultipartUpload(request ->
          request
              .bucket(bucket)
              .key(key)
              .uploadId(id)
              .multipartUpload(upload -> upload.parts(parts)));
    } catch (RuntimeException | IOException failure) {
      try {
        s3.abortMultipartUpload(request -> request.bucket(bucket).key(key).uploadId(id));
      } catch (RuntimeException alsoFailed) {
        failure.addSuppressed(alsoFailed);
      }
      throw failure;
    }
  }

  private List<CompletedPart> sendParts(Path file, String bucket, String key, String id)
      throws IOException {
    var parts = new ArrayList<CompletedPart>();
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long total = channel.size();
      var part = ByteBuffer.allocate(PART_BYTES);
      for (long sent = 0; sent < total; sent += part.limit()) {
        view.show(
            List.of(new ProgressLine(file.getFileName().toString(), "uploading", sent, total)));
        part.clear();
        while (part.hasRemaining() && channel.read(part) >= 0) {}
        part.flip();
        int number = parts.size() + 1;
        var tag =
            s3.uploadPart(
                    request -> request.bucket(bucket).key(key).uploadId(id).partNumber(number),
                    RequestBody.fromByteBuffer(part))
                .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
      }
    }
    return parts;
  }
}
