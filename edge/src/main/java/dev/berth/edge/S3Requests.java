package dev.berth.edge;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/**
 * Brings S3 requests into the one form that the object store behind this port takes. Signatures are
 * not verified there, so what they cover may be changed.
 */
final class S3Requests {
  private static final String LOCALHOST = ".localhost";

  /** S3's own default for objects that are put without a type. */
  private static final String BINARY = "binary/octet-stream";

  private S3Requests() {}

  /**
   * Makes {@code request} path-style, and keeps a form's type off an object.
   *
   * <p>SDKs name the bucket in the host for every endpoint that isn't an IP address: {@code
   * bucket.localhost:23784/key} becomes {@code /bucket/key}. A PUT whose type is that of a form, as
   * curl and urllib send by default, would be read as a form by the store's HTTP server, and its
   * content lost.
   */
  static void normalise(HttpRequest request) {
    String bucket = bucket(request.headers().get(HttpHeaderNames.HOST));
    if (!bucket.isEmpty()) {
      request.setUri("/" + bucket + request.uri());
    }
    if (request.method().equals(HttpMethod.PUT)
        && request
            .headers()
            .contains(
                HttpHeaderNames.CONTENT_TYPE,
                HttpHeaderValues.APPLICATION_X_WWW_FORM_URLENCODED,
                true)) {
      request.headers().set(HttpHeaderNames.CONTENT_TYPE, BINARY);
    }
  }

  /** Returns the bucket that a host names, empty when it names none. */
  private static String bucket(@Nullable String host) {
    if (host == null) {
      return "";
    }
    int colon = host.lastIndexOf(':');
    String name = colon < 0 ? host : host.substring(0, colon);
    int length = name.length() - LOCALHOST.length();
    return length > 0 && name.regionMatches(true, length, LOCALHOST, 0, LOCALHOST.length())
        ? name.substring(0, length)
        : "";
  }
}
