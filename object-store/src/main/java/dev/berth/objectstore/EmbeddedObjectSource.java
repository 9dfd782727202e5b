package dev.berth.objectstore;

import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Reads the embedded store's files in this process. */
final class EmbeddedObjectSource implements ObjectSource {
  private final BlobStore blobs;

  EmbeddedObjectSource(BlobStore blobs) {
    this.blobs = blobs;
  }

  @Override
  public ObjectInfo head(S3Uri uri) throws IOException {
    HeadObjectResponse head =
        reading(
            uri,
            () ->
                blobs.blobMetadata(
                    HeadObjectRequest.builder().bucket(uri.bucket()).key(uri.key()).build()));
    return new ObjectInfo(
        uri, etag(head.eTag(), head.contentLength(), head.lastModified()), head.contentLength());
  }

  @Override
  public InputStream open(ObjectInfo info) throws IOException {
    S3Uri uri = info.uri();
    InputStream content =
        reading(
            uri,
            () ->
                blobs.getBlob(
                    GetObjectRequest.builder().bucket(uri.bucket()).key(uri.key()).build()));
    // Overwriting renames a new file over the old: what is open stays one content. It is the one
    // asked for when the name led to that before the opening (the caller's head) and after it.
    try {
      if (!head(uri).equals(info)) {
        throw new NoSuchObjectException(
            "%s was overwritten while it was being read; its ETag is no longer %s"
                .formatted(uri, info.etag()));
      }
      return content;
    } catch (IOException e) {
      content.close();
      throw e;
    }
  }

  @Override
  public List<ObjectInfo> list(S3Uri prefix) throws IOException {
    return reading(
            prefix,
            () ->
                blobs.list(
                    ListObjectsV2Request.builder()
                        .bucket(prefix.bucket())
                        .prefix(prefix.key())
                        .build()))
        .contents()
        .stream()
        .map(object -> info(prefix.bucket(), object))
        .toList();
  }

  @Override
  public boolean isAnyBelow(S3Uri prefix) throws IOException {
    return !reading(
            prefix,
            () ->
                blobs.list(
                    ListObjectsV2Request.builder()
                        .bucket(prefix.bucket())
                        .prefix(prefix.key())
                        .maxKeys(1)
                        .build()))
        .contents()
        .isEmpty();
  }

  private static ObjectInfo info(String bucket, S3Object object) {
    return new ObjectInfo(
        new S3Uri(bucket, object.key()),
        etag(object.eTag(), object.size(), object.lastModified()),
        object.size());
  }

  /** A file put into the folder by hand has no ETag; its time and size stand in. */
  private static String etag(@Nullable String etag, long sizeBytes, Instant lastModified) {
    return etag == null
        ? "file-%x-%x".formatted(lastModified.toEpochMilli(), sizeBytes)
        : etag.replace("\"", "");
  }

  private static <T> T reading(S3Uri uri, Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (NoSuchBucketException e) {
      throw new NoSuchObjectException("there is no bucket '%s'".formatted(uri.bucket()));
    } catch (NoSuchKeyException e) {
      throw new NoSuchObjectException("there is no object at " + uri);
    } catch (S3Exception e) {
      throw new IOException("%s can't be read: %s".formatted(uri, e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new NoSuchObjectException(
          "%s can't be the name of an object here: %s".formatted(uri, e.getMessage()));
    } catch (RuntimeException e) {
      throw new IOException("%s can't be read: %s".formatted(uri, e), e);
    }
  }
}
