package dev.berth.objectstore;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.S3Uri;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedMultipartUpload;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * Writes to an S3 elsewhere: what fits in one part by a put, more by a multipart upload. The part
 * that is next waits in a file, from which it can be sent again.
 */
final class ExternalObjectSink implements ObjectSink {
  /** S3's least is 5 MiB, and its most parts are 10,000; parts grow to reach its largest object. */
  private static final long FIRST_PART_BYTES = 8L << 20;

  private static final int PARTS_OF_ONE_SIZE = 1000;

  private final S3Client s3;
  private final Failures failures;
  private final Path directory;
  private final UnfinishedUploads unfinished;

  /** Makes an {@link IOException} of what the SDK throws. */
  @FunctionalInterface
  interface Failures {
    IOException of(S3Uri uri, String doing, SdkException failure);
  }

  ExternalObjectSink(S3Client s3, Failures failures, Path directory, UnfinishedUploads unfinished) {
    this.s3 = s3;
    this.failures = failures;
    this.directory = directory;
    this.unfinished = unfinished;
  }

  @Override
  public boolean encrypts() {
    return true;
  }

  @Override
  public Upload begin(S3Uri uri, Optional<String> kmsKeyId) throws IOException {
    return new InParts(uri, kmsKeyId, directory.resolve(UUID.randomUUID().toString()));
  }

  private <T> T asking(S3Uri uri, Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (SdkException e) {
      throw failures.of(uri, "written to", e);
    }
  }

  private final class InParts extends OutputStream implements Upload {
    private final S3Uri uri;
    private final Optional<String> kmsKeyId;
    private final Path file;
    private final List<CompletedPart> parts = new ArrayList<>();
    private OutputStream part;
    private long partBytes;
    private @Nullable String uploadId;
    private UnfinishedUploads.@Nullable Entry entry;
    private boolean isOver;

    InParts(S3Uri uri, Optional<String> kmsKeyId, Path file) throws IOException {
      this.uri = uri;
      this.kmsKeyId = kmsKeyId;
      this.file = file;
      this.part = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
    }

    @Override
    public OutputStream stream() {
      return this;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int at = offset;
      int left = length;
      while (left > 0) {
        if (partBytes == mostPartBytes()) {
          sendPart();
        }
        int count = (int) Math.min(left, mostPartBytes() - partBytes);
        part.write(bytes, at, count);
        partBytes += count;
        at += count;
        left -= count;
      }
    }

    private long mostPartBytes() {
      return FIRST_PART_BYTES << Math.min(9, parts.size() / PARTS_OF_ONE_SIZE);
    }

    private void sendPart() throws IOException {
      part.close();
      String id = uploadId == null ? create() : uploadId;
      uploadId = id;
      int number = parts.size() + 1;
      String etag =
          asking(
              uri,
              () ->
                  s3.uploadPart(
                          b ->
                              b.bucket(uri.bucket()).key(uri.key()).uploadId(id).partNumber(number),
                          RequestBody.fromFile(file))
                      .eTag());
      parts.add(CompletedPart.builder().partNumber(number).eTag(etag).build());
      part = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
      partBytes = 0;
    }

    private String create() throws IOException {
      var request = CreateMultipartUploadRequest.builder().bucket(uri.bucket()).key(uri.key());
      kmsKeyId.ifPresent(
          key -> request.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(key));
      UnfinishedUploads.Entry begun = unfinished.begin(uri);
      entry = begun;
      String id = asking(uri, () -> s3.createMultipartUpload(request.build()).uploadId());
      begun.keep(id);
      return id;
    }

    @Override
    public void commit() throws IOException {
      if (uploadId == null) {
        put();
      } else {
        complete(uploadId);
      }
      isOver = true;
      forget();
    }

    private void forget() throws IOException {
      UnfinishedUploads.Entry begun = entry;
      if (begun != null) {
        begun.forget();
      }
    }

    private void put() throws IOException {
      part.close();
      var request = PutObjectRequest.builder().bucket(uri.bucket()).key(uri.key());
      kmsKeyId.ifPresent(
          key -> request.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(key));
      var _ = asking(uri, () -> s3.putObject(request.build(), RequestBody.fromFile(file)));
    }

    private void complete(String id) throws IOException {
      if (partBytes > 0) {
        sendPart();
      }
      var all = CompletedMultipartUpload.builder().parts(parts).build();
      var _ =
          asking(
              uri,
              () ->
                  s3.completeMultipartUpload(b ->
                      b.bucket(uri.bucket()).key(uri.key()).uploadId(id).multipartUpload(all)));
    }

    @Override
    public void close() {
      try {
        part.close();
        Files.deleteIfExists(file);
        String id = uploadId;
        if (!isOver && id != null) {
          var _ =
              asking(
                  uri,
                  () ->
                      s3.abortMultipartUpload(
                          b -> b.bucket(uri.bucket()).key(uri.key()).uploadId(id)));
          forget();
        }
      } catch (IOException _) {
        // Invisible to all, and still kept as unfinished: the next start aborts it.
      }
    }
  }
}
