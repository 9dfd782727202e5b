package dev.berth.gateway;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The path of a runtime operation.
 *
 * @param endpointName decoded, not yet checked
 */
record EndpointPath(String endpointName, Operation operation) {
  /** What is asked of the endpoint. */
  enum Operation {
    INVOKE,
    INVOKE_ASYNC,
    INVOKE_WITH_RESPONSE_STREAM
  }

  private static final String PREFIX = "/endpoints/";

  /** Returns what a request target asks for, or null when it is no runtime operation. */
  static @Nullable EndpointPath parse(String uri) {
    int slash = uri.startsWith(PREFIX) ? uri.indexOf('/', PREFIX.length()) : -1;
    if (slash < 0) {
      return null;
    }
    int query = uri.indexOf('?', slash);
    int end = query < 0 ? uri.length() : query;
    Operation operation = operation(uri, slash + 1, end);
    String name = uri.substring(PREFIX.length(), slash);
    return operation == null ? null : new EndpointPath(decoded(name), operation);
  }

  private static @Nullable Operation operation(String uri, int from, int end) {
    return switch (end - from) {
      case 11 -> uri.startsWith("invocations", from) ? Operation.INVOKE : null;
      case 17 -> uri.startsWith("async-invocations", from) ? Operation.INVOKE_ASYNC : null;
      case 27 ->
          uri.startsWith("invocations-response-stream", from)
              ? Operation.INVOKE_WITH_RESPONSE_STREAM
              : null;
      default -> null;
    };
  }

  private static String decoded(String segment) {
    if (segment.indexOf('%') < 0) {
      return segment;
    }
    try {
      // A plus is a plus in a path.
      return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return segment; // no name has a percent sign: it will be refused as it stands
    }
  }
}
