package dev.berth.objectstore;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;
import software.amazon.awssdk.services.s3.model.CreateBucketResponse;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadBucketRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectCannedACL;
import software.amazon.awssdk.services.s3.model.Part;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * The S3 library's store over a folder, with writes that survive a crash whole or not at all.
 *
 * <p>By itself the library writes {@code key-<uuid>} beside the key, where lists show it and a
 * crash leaves it, and acknowledges before the bytes are on disk. Here every object is written by
 * the library into a container of its own, attributes included, and then published by {@link
 * ObjectFolder#publish}. Multipart uploads live in a second tree, so that a bucket holds its
 * objects only and can be deleted while an upload is open. Many threads at a time.
 */
final class DurableBlobStore extends ForwardingBlobStore {
  /** Keys with which the library names an upload's parts and its metadata. */
  private static final List<String> UPLOAD_KEYS = List.of(".mpus-", ".s3proxy-mpu-stub-");

  /** Names of AWS's general purpose buckets, as it has allowed them since 2018. */
  private static final Pattern BUCKET_NAME =
      Pattern.compile("(?!.*\\.\\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

  private final ObjectFolder folder;

  /** The same library over the whole folder, where containers have names of two segments. */
  private final BlobStore whole;

  DurableBlobStore(ObjectFolder folder) {
    super(new FilesystemNio2BlobStore(folder.buckets().toString()));
    this.folder = folder;
    this.whole = new FilesystemNio2BlobStore(folder.root().toString());
  }

  @Override
  public CreateBucketResponse createContainer(CreateBucketRequest request) {
    if (!BUCKET_NAME.matcher(request.bucket()).matches()) {
      throw error(400, "InvalidBucketName", "The specified bucket is not valid.");
    }
    return super.createContainer(request);
  }

  @Override
  public PutObjectResponse putBlob(PutObjectRequest request, InputStream payload) {
    if (isOfUpload(request.key())) {
      return whole.putBlob(
          request.toBuilder().bucket(uploadsOf(request.bucket())).build(), payload);
    }
    if (request.key().endsWith("/")) {
      return super.putBlob(request, payload);
    }
    requireBucket(request.bucket());
    Incoming incoming = new Incoming();
    try {
      PutObjectResponse response =
          whole.putBlob(
              request.toBuilder()
                  .bucket(ObjectFolder.INCOMING)
                  .key(incoming.name)
                  .ifNoneMatch(null)
                  .build(),
              new Whole(payload, request.contentLength()));
      incoming.publish(request.bucket(), request.key(), request.ifNoneMatch());
      return response;
    } finally {
      incoming.discard();
    }
  }

  @Override
  public CopyObjectResponse copyBlob(CopyObjectRequest request) {
    if (request.destinationKey().endsWith("/")) {
      return super.copyBlob(request);
    }
    requireBucket(request.sourceBucket());
    requireBucket(request.destinationBucket());
    Incoming incoming = new Incoming();
    try {
      CopyObjectResponse response =
          whole.copyBlob(
              request.toBuilder()
                  .sourceBucket(ObjectFolder.objectsOf(request.sourceBucket()))
                  .destinationBucket(ObjectFolder.INCOMING)
                  .destinationKey(incoming.name)
                  .build());
      incoming.publish(request.destinationBucket(), request.destinationKey(), null);
      return response;
    } finally {
      incoming.discard();
    }
  }

  @Override
  public ResponseInputStream<GetObjectResponse> getBlob(GetObjectRequest request) {
    return isOfUpload(request.key())
        ? whole.getBlob(request.toBuilder().bucket(uploadsOf(request.bucket())).build())
        : super.getBlob(request);
  }

  @Override
  public HeadObjectResponse blobMetadata(HeadObjectRequest request) {
    return isOfUpload(request.key())
        ? whole.blobMetadata(request.toBuilder().bucket(uploadsOf(request.bucket())).build())
        : super.blobMetadata(request);
  }

  @Override
  public boolean blobExists(String bucket, String key) {
    return isOfUpload(key)
        ? whole.blobExists(uploadsOf(bucket), key)
        : super.blobExists(bucket, key);
  }

  @Override
  public ObjectCannedACL getBlobAccess(String bucket, String key) {
    return isOfUpload(key)
        ? whole.getBlobAccess(uploadsOf(bucket), key)
        : super.getBlobAccess(bucket, key);
  }

  @Override
  public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
    return isOfUpload(request.key())
        ? whole.removeBlob(request.toBuilder().bucket(uploadsOf(request.bucket())).build())
        : super.removeBlob(request);
  }

  @Override
  public void deleteBucket(String bucket) {
    super.deleteBucket(bucket);
    deleteUploads(bucket);
  }

  @Override
  public void deleteContainer(String bucket) {
    super.deleteContainer(bucket);
    deleteUploads(bucket);
  }

  @Override
  public MultipartUpload initiateMultipartUpload(CreateMultipartUploadRequest request) {
    MultipartUpload inUploads =
        whole.initiateMultipartUpload(
            request.toBuilder().bucket(uploadsOf(request.bucket())).build());
    return new MultipartUpload(inUploads.id(), request, inUploads.response());
  }

  @Override
  public UploadPartResponse uploadMultipartPart(
      MultipartUpload upload, UploadPartRequest request, InputStream payload) {
    return whole.uploadMultipartPart(
        inUploads(upload), request, new Whole(payload, request.contentLength()));
  }

  @Override
  public List<Part> listMultipartUpload(MultipartUpload upload) {
    return whole.listMultipartUpload(inUploads(upload));
  }

  @Override
  public List<software.amazon.awssdk.services.s3.model.MultipartUpload> listMultipartUploads(
      String bucket) {
    return whole.listMultipartUploads(uploadsOf(bucket));
  }

  @Override
  public void abortMultipartUpload(MultipartUpload upload) {
    whole.abortMultipartUpload(inUploads(upload));
  }

  /**
   * Joins the parts and publishes the whole. One completion of an upload at a time: the joined file
   * has the key's name in the uploads' tree until it is moved.
   */
  @Override
  public synchronized CompleteMultipartUploadResponse completeMultipartUpload(
      MultipartUpload upload, CompleteMultipartUploadRequest request) {
    String bucket = upload.containerName();
    String key = upload.blobName();
    if ("*".equals(request.ifNoneMatch()) && blobExists(bucket, key)) {
      // before the parts are used up; the publication checks once more
      throw S3Exceptions.preconditionFailed(null);
    }
    CompleteMultipartUploadResponse response =
        whole.completeMultipartUpload(
            inUploads(upload), request.toBuilder().ifNoneMatch(null).build());
    Path joined = folder.root().resolve(ObjectFolder.uploadsOf(bucket)).resolve(key).normalize();
    Incoming incoming = new Incoming();
    try {
      Files.move(joined, incoming.file);
      incoming.publish(bucket, key, request.ifNoneMatch());
      return response;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot complete the upload of '%s'".formatted(key), e);
    } finally {
      incoming.discard();
    }
  }

  private static boolean isOfUpload(String key) {
    return UPLOAD_KEYS.stream().anyMatch(key::startsWith);
  }

  private MultipartUpload inUploads(MultipartUpload upload) {
    return new MultipartUpload(
        upload.id(),
        upload.request().toBuilder().bucket(uploadsOf(upload.containerName())).build(),
        upload.response());
  }

  /** Returns the container of a bucket's uploads, which exists whenever the bucket does. */
  private String uploadsOf(String bucket) {
    requireBucket(bucket);
    String container = ObjectFolder.uploadsOf(bucket);
    try {
      Files.createDirectories(folder.root().resolve(container));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create the folder of uploads", e);
    }
    return container;
  }

  private void requireBucket(String bucket) {
    var _ = headBucket(HeadBucketRequest.builder().bucket(bucket).build());
  }

  private void deleteUploads(String bucket) {
    try {
      ObjectFolder.delete(folder.root().resolve(ObjectFolder.uploadsOf(bucket)));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete the uploads of '%s'".formatted(bucket), e);
    }
  }

  private static S3Exception error(int status, String code, String message) {
    return (S3Exception)
        S3Exception.builder()
            .statusCode(status)
            .message(message)
            .awsErrorDetails(
                AwsErrorDetails.builder().errorCode(code).errorMessage(message).build())
            .build();
  }

  /**
   * A body that fails where it ends before its declared length: the HTTP front can lose one without
   * saying so, as it takes {@code application/x-www-form-urlencoded} bodies for parameters.
   */
  private static final class Whole extends FilterInputStream {
    private final @Nullable Long lengthBytes;
    private long readBytes;

    Whole(InputStream body, @Nullable Long lengthBytes) {
      super(body);
      this.lengthBytes = lengthBytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = super.read(buffer, offset, length);
      readBytes += Math.max(count, 0);
      if (count < 0 && lengthBytes != null && readBytes != lengthBytes) {
        throw error(
            400,
            "IncompleteBody",
            "The request announced %d bytes and brought %d.".formatted(lengthBytes, readBytes));
      }
      return count;
    }
  }

  /** One object being written. */
  private final class Incoming {
    final String name = UUID.randomUUID().toString();
    final Path file = folder.incoming().resolve(name);

    void publish(String bucket, String key, @Nullable String ifNoneMatch) {
      if (isOfUpload(key)) {
        throw S3Exceptions.invalidArgument(
            "The key '%s' is reserved for multipart uploads.".formatted(key));
      }
      folder.publish(file, bucket, key, "*".equals(ifNoneMatch));
    }

    /** Removes what wasn't published; nothing where it was. */
    void discard() {
      try {
        Files.deleteIfExists(file);
      } catch (IOException _) {
        // the next start removes it
      }
    }
  }
}
