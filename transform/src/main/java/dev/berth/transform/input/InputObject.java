package dev.berth.transform.input;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import dev.berth.hosting.artifact.S3Uri;

/**
 * One object of a job, as it was when the job began.
 *
 * @param index place in the job, from 0, in key order or the manifest's
 * @param bucket its bucket
 * @param key its key
 * @param etag its content then; empty when it wasn't there
 * @param sizeBytes its size then
 * @param relative its name below the input's prefix
 * @param output where its output goes, {@code s3://bucket/key}
 */
public record InputObject(
    int index,
    String bucket,
    String key,
    String etag,
    long sizeBytes,
    String relative,
    String output) {

  @JsonIgnore
  public ObjectInfo info() {
    return new ObjectInfo(new S3Uri(bucket, key), etag, sizeBytes);
  }

  /** Its name as AWS's logs have it, {@code bucket/key}. */
  @JsonIgnore
  public String path() {
    return bucket + "/" + key;
  }
}
