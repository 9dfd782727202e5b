package dev.berth.gateway;

/** Why an invocation has no prediction, as the runtime API tells it. */
sealed interface InvocationFailure {
  String message();

  /**
   * The request can't be served as it is.
   *
   * @param errorCode AWS's internal code, shown beside the message
   */
  record ValidationError(String errorCode, String message) implements InvocationFailure {}

  /**
   * The model answered with an error, or not at all.
   *
   * @param container its name in messages, such as {@code primary}
   * @param originalStatus HTTP status that the model gave, 0 for no answer
   * @param originalMessage what the model gave as its body
   */
  record ModelError(String endpoint, String container, int originalStatus, String originalMessage)
      implements InvocationFailure {
    static final String TIMED_OUT_START =
        "Your invocation timed out while waiting for a response from container ";
    static final String TIMED_OUT_END =
        ". Review the latency metrics for each container in Amazon CloudWatch, resolve the issue,"
            + " and try again.";

    /** No answer within the limit. */
    static ModelError timedOut(String endpoint, String container) {
      return new ModelError(endpoint, container, 0, TIMED_OUT_START + container + TIMED_OUT_END);
    }

    boolean isClientError() {
      return originalStatus >= 400 && originalStatus < 500;
    }

    @Override
    public String message() {
      return "Received "
          + (isClientError() ? "client" : "server")
          + " error ("
          + originalStatus
          + ") from "
          + container
          + " with message \""
          + originalMessage
          + "\".";
    }
  }

  /**
   * One container of a pipeline answered with more than the next one may get (text: Developer
   * Guide, "Troubleshoot inference pipelines").
   */
  record HopTooLarge(String endpoint, String from, String to, long bytes, long limit)
      implements InvocationFailure {
    private static final long MEBIBYTE = 1024L * 1024;

    @Override
    public String message() {
      String most = limit % MEBIBYTE == 0 ? limit / MEBIBYTE + " MB" : limit + " bytes";
      return "Received response from "
          + from
          + " with status code 200. However, the request payload from "
          + from
          + " to "
          + to
          + " is "
          + bytes
          + " bytes, which has exceeded the maximum limit of "
          + most
          + ".";
    }
  }

  /** The model is being loaded; the load goes on when the caller no longer waits. */
  record ModelNotReady(String message) implements InvocationFailure {}

  /** There is an endpoint, but nothing that could answer now. */
  record ServiceUnavailable(String message) implements InvocationFailure {}

  /** AWS has it, Berth does not execute it. */
  record NotExecuted(String message) implements InvocationFailure {}

  default int status() {
    return switch (this) {
      case ValidationError _ -> 400;
      case ModelError _, HopTooLarge _ -> 424;
      case ModelNotReady _ -> 429;
      case ServiceUnavailable _ -> 503;
      case NotExecuted _ -> 501;
    };
  }

  /** {@code x-amzn-ErrorType}. */
  default String type() {
    return switch (this) {
      case ValidationError _ -> "ValidationError";
      case ModelError _, HopTooLarge _ -> "ModelError";
      case ModelNotReady _ -> "ModelNotReadyException";
      case ServiceUnavailable _ -> "ServiceUnavailable";
      case NotExecuted _ -> "OperationNotSupported";
    };
  }
}
