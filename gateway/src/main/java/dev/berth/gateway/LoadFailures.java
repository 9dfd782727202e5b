package dev.berth.gateway;

import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.multimodel.LoadFailure;

/** What a client is told of a model that was not loaded. */
final class LoadFailures {
  private LoadFailures() {}

  /** Returns why there is no prediction of the model {@code name}. */
  static InvocationFailure answer(LoadFailure failure, Routed routed, String name) {
    return switch (failure) {
      case LoadFailure.BadName(String message) ->
          new InvocationFailure.ValidationError("VALIDATION_ERROR", message);
      case LoadFailure.Download(S3Uri archive, String message) ->
          new InvocationFailure.ValidationError(
              "MODEL_DATA_DOWNLOAD_FAILED",
              "Failed to download model data (bucket: "
                  + archive.bucket()
                  + ", key: "
                  + archive.key()
                  + "). Please ensure that there is an object located at the URL and that the role"
                  + " passed to CreateModel has permissions to download the model. ("
                  + message
                  + ")");
      case LoadFailure.Extract(S3Uri archive, String message) ->
          new InvocationFailure.ValidationError(
              "MODEL_DATA_EXTRACTION_FAILED",
              "Failed to extract model data (bucket: "
                  + archive.bucket()
                  + ", key: "
                  + archive.key()
                  + "). Please ensure that the object located at the URL is a valid tar.gz archive. ("
                  + message
                  + ")");
      case LoadFailure.Rejected(int status, String message) -> routed.modelError(status, message);
      case LoadFailure.NotReady(String message) ->
          new InvocationFailure.ModelNotReady(
              "Model " + name + " is not ready for inference yet: " + message);
      case LoadFailure.InstanceGone(String message) ->
          new InvocationFailure.ServiceUnavailable(
              "Model " + name + " could not be loaded: " + message + "; try again in a moment.");
    };
  }

  /** Returns what one is told who has waited for as long as an invocation may. */
  static InvocationFailure waitedTooLong(String name) {
    return new InvocationFailure.ModelNotReady(
        "Model "
            + name
            + " is not ready for inference yet: it is still being loaded. Try again in a"
            + " moment.");
  }
}
