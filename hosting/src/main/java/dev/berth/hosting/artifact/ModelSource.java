package dev.berth.hosting.artifact;

/** Where a container's model data comes from, and in which form. */
public sealed interface ModelSource {
  S3Uri uri();

  /** A gzip-compressed tar: ModelDataUrl, or S3Object with Gzip. */
  record Archive(S3Uri uri) implements ModelSource {}

  /** One uncompressed file: S3Object with None. Its name is the key's last segment. */
  record SingleObject(S3Uri uri) implements ModelSource {}

  /** Every object under a prefix that ends in a slash: S3Prefix with None. */
  record Prefix(S3Uri uri) implements ModelSource {}
}
