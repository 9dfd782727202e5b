package dev.berth.edge;

/**
 * An error before it has a wire form.
 *
 * @param status HTTP status
 * @param code AWS error code, such as {@code ServiceUnavailable}
 * @param message for people: what is wrong and what to do
 */
public record WireError(int status, String code, String message) {

  /** The edge or a service behind it failed by its own fault. */
  static WireError internal() {
    return new WireError(
        500,
        "InternalFailure",
        "Berth failed to process the request; its log has the cause under this request id.");
  }

  /** More than can be served now. */
  static WireError overloaded(String message) {
    return new WireError(503, "ServiceUnavailable", message);
  }
}
