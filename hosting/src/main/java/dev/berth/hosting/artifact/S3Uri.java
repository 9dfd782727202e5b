package dev.berth.hosting.artifact;

/**
 * A place in S3, {@code s3://bucket/key}.
 *
 * @param bucket bucket name
 * @param key key or key prefix without a leading slash; may be empty
 */
public record S3Uri(String bucket, String key) {

  /**
   * Returns the place that {@code text} names.
   *
   * @throws IllegalArgumentException when it isn't {@code s3://bucket[/key]}
   */
  public static S3Uri parse(String text) {
    if (!text.startsWith("s3://")) {
      throw new IllegalArgumentException("not an s3:// URI: '%s'".formatted(text));
    }
    String rest = text.substring("s3://".length());
    int slash = rest.indexOf('/');
    String bucket = slash < 0 ? rest : rest.substring(0, slash);
    if (bucket.isEmpty()) {
      throw new IllegalArgumentException("no bucket in '%s'".formatted(text));
    }
    return new S3Uri(bucket, slash < 0 ? "" : rest.substring(slash + 1));
  }

  @Override
  public String toString() {
    return "s3://" + bucket + "/" + key;
  }
}
