package dev.berth.hosting.instance;

import dev.berth.hosting.artifact.ArtifactStore.StagingException;

/**
 * FailureReasons for model data, in AWS's words as seen in the field, each followed by what
 * happened here.
 */
final class StagingFailures {
  private StagingFailures() {}

  /**
   * Returns the FailureReason.
   *
   * @param position of the container, from 1
   * @param count containers of the model
   */
  static String reason(
      StagingException failure, String url, int position, int count, long timeoutSeconds) {
    String container = count == 1 ? "" : " for container \"container_%d\"".formatted(position);
    String words =
        switch (failure.kind()) {
          case DOWNLOAD ->
              "Failed to download model data for container \"container_%d\" from URL: \"%s\". Please ensure that there is an object located at the URL and that the role passed to CreateModel has permissions to download the object."
                  .formatted(position, url);
          case EXTRACT ->
              "Failed to extract model data archive%s from URL \"%s\". Please ensure that the object located at the URL is a valid tar.gz archive."
                  .formatted(container, url);
          case TOO_LARGE ->
              "Failed to extract model data archive%s from URL \"%s\". The model data archive is too large. Please reduce the size of the model data archive or move to an instance type with more memory."
                  .formatted(container, url);
          case TIMEOUT ->
              "Failed to download model data for container \"container_%d\" from URL: \"%s\" within %d seconds. Please raise ModelDataDownloadTimeoutInSeconds or make the model data smaller."
                  .formatted(position, url, timeoutSeconds);
        };
    return words + " " + failure.getMessage();
  }
}
