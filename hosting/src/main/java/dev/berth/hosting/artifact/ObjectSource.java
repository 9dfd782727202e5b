package dev.berth.hosting.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * Reads objects from S3, the embedded store or an external one. Blocks; many threads at a time.
 * Every failure is an {@link IOException} whose message names bucket, key and cause.
 */
public interface ObjectSource {

  /**
   * Returns what identifies the object's present content.
   *
   * @throws NoSuchObjectException when there is no such bucket or key
   * @throws ObjectAccessException when S3 refuses (403, wrong region)
   */
  ObjectInfo head(S3Uri uri) throws IOException;

  /**
   * Opens exactly the content that {@code info} identifies; the caller closes it.
   *
   * @throws NoSuchObjectException when it is gone or was overwritten since
   */
  InputStream open(ObjectInfo info) throws IOException;

  /** Returns all objects whose key starts with the key of {@code prefix}, in key order. */
  List<ObjectInfo> list(S3Uri prefix) throws IOException;

  /** Returns whether there is any object whose key starts with the key of {@code prefix}. */
  boolean isAnyBelow(S3Uri prefix) throws IOException;

  /**
   * One object's content.
   *
   * @param etag entity tag without quotes
   * @param sizeBytes content length
   */
  record ObjectInfo(S3Uri uri, String etag, long sizeBytes) {}

  /** There is no such bucket, key, or content. */
  final class NoSuchObjectException extends IOException {
    public NoSuchObjectException(String message) {
      super(message);
    }
  }

  /** S3 knows it but refuses to give it. */
  final class ObjectAccessException extends IOException {
    public ObjectAccessException(String message) {
      super(message);
    }
  }
}
