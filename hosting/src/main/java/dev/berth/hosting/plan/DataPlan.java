package dev.berth.hosting.plan;

/**
 * Model data in S3.
 *
 * @param url {@code s3://bucket/key}
 */
public record DataPlan(Form form, String url) {
  /** How the data lies in S3. */
  public enum Form {
    /** One gzip-compressed tar. */
    ARCHIVE,
    /** One uncompressed file. */
    OBJECT,
    /** Every object under a prefix that ends in a slash. */
    PREFIX,
    /** A prefix with one gzip-compressed tar for each model, fetched when it is asked for. */
    MODELS
  }
}
