package dev.berth.hosting.multimodel;

import dev.berth.hosting.artifact.S3Uri;

/**
 * Where an endpoint's models lie: {@code ModelDataUrl} of a multi-model container, with or without
 * a slash at its end.
 *
 * @param uri its key is empty or ends in a slash
 */
public record ModelPrefix(S3Uri uri) {

  /** The models below {@code uri}. */
  public ModelPrefix {
    String key = uri.key();
    uri = new S3Uri(uri.bucket(), key.isEmpty() || key.endsWith("/") ? key : key + "/");
  }

  /** Returns TargetModel in the one spelling that a model has here: without slashes in front. */
  public static String normalized(String targetModel) {
    int start = 0;
    while (start < targetModel.length() && targetModel.charAt(start) == '/') {
      start++;
    }
    return start == 0 ? targetModel : targetModel.substring(start);
  }

  /**
   * Returns the archive that a TargetModel names.
   *
   * @throws IllegalArgumentException when it leads out of the prefix, or names nothing
   */
  S3Uri archive(String targetModel) {
    for (String segment : targetModel.split("/", -1)) {
      if (segment.equals("..")) {
        throw new IllegalArgumentException("it has '..' in it, which leads out of the prefix");
      }
    }
    if (targetModel.isEmpty() || targetModel.endsWith("/")) {
      throw new IllegalArgumentException("it names no object");
    }
    return new S3Uri(uri.bucket(), uri.key() + targetModel);
  }
}
