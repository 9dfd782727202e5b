package dev.berth.api.error;

/**
 * An error that AWS answers with: {@code code} becomes {@code __type} (or {@code x-amzn-ErrorType},
 * or {@code <Code>}), the message is shown to the caller word for word.
 */
public final class AwsException extends RuntimeException {
  private final String code;
  private final int status;

  /**
   * @param code error code without a namespace, such as {@code ValidationException}
   * @param status HTTP status
   * @param message what the caller reads
   */
  public AwsException(String code, int status, String message) {
    super(message);
    this.code = code;
    this.status = status;
  }

  /** The SageMaker control plane's most common error, HTTP 400, including "not found". */
  public static AwsException validation(String message) {
    return new AwsException("ValidationException", 400, message);
  }

  /** What a caller reads of a failure that is ours; the log has the cause under the same id. */
  public static AwsException internalFailure(String requestId) {
    return new AwsException(
        "InternalFailure",
        500,
        "The request failed inside Berth; its log says why, under " + requestId + ".");
  }

  public String code() {
    return code;
  }

  public int status() {
    return status;
  }

  /** Returns the message; never null here. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
