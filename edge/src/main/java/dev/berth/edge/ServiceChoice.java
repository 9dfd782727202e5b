package dev.berth.edge;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Which service a request is for: what its signature says, else its {@code X-Amz-Target}, else its
 * path, else S3. Pure.
 */
public sealed interface ServiceChoice {
  /** A service that Berth speaks. */
  enum Service implements ServiceChoice {
    INTERNAL,
    CONTROL_PLANE,
    RUNTIME,
    STS,
    S3
  }

  /** A request for nobody here, and what its sender is told. */
  record Refused(WireError error, ErrorForm form) implements ServiceChoice {}

  /**
   * A SigV4 credential scope.
   *
   * @param region empty for SigV4A, whose scopes have none
   */
  record Scope(String region, String service) {

    /**
     * Returns the scope in {@code AKID/date/region/service/aws4_request}, or in SigV4A's form
     * without a region, or null when it is neither.
     */
    static @Nullable Scope parse(String credential) {
      // Every signed invocation comes by here: no split.
      int last = credential.lastIndexOf('/');
      int service = credential.lastIndexOf('/', last - 1);
      int region = credential.lastIndexOf('/', service - 1);
      if (region < 0 || !credential.endsWith("/aws4_request")) {
        return null;
      }
      boolean hasRegion = credential.lastIndexOf('/', region - 1) >= 0;
      return new Scope(
          hasRegion ? credential.substring(region + 1, service) : "",
          credential.substring(service + 1, last));
    }
  }

  /** Prefix of the SageMaker control plane's {@code X-Amz-Target}. */
  String TARGET_PREFIX = "SageMaker.";

  /** {@code X-Amz-Target}. */
  AsciiString TARGET = AsciiString.cached("x-amz-target");

  /**
   * Returns where a request goes.
   *
   * @param uri request target, byte for byte
   * @param region region that this Berth is
   */
  static ServiceChoice of(HttpMethod method, String uri, HttpHeaders headers, String region) {
    if (uri.startsWith("/_berth/") || uri.equals("/_berth")) {
      return Service.INTERNAL;
    }
    String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
    if (authorization != null && authorization.startsWith("AWS4-")) {
      int start = authorization.indexOf("Credential=");
      if (start < 0) {
        return malformedSignature(
            uri, headers, "Authorization header requires 'Credential' parameter.");
      }
      int from = start + "Credential=".length();
      int end = from;
      while (end < authorization.length() && !isEndOfCredential(authorization.charAt(end))) {
        end++;
      }
      return signed(authorization.substring(from, end), uri, headers, region);
    }
    String presigned = queryCredential(uri);
    if (presigned != null) {
      return signed(presigned, uri, headers, region);
    }
    return unsigned(method, uri, headers);
  }

  private static boolean isEndOfCredential(char c) {
    return c == ',' || c == ' ';
  }

  private static ServiceChoice signed(
      String credential, String uri, HttpHeaders headers, String region) {
    Scope scope = Scope.parse(credential);
    if (scope == null) {
      return malformedSignature(
          uri,
          headers,
          "Credential must be KEY/DATE/REGION/SERVICE/aws4_request, but is '" + credential + "'.");
    }
    return switch (scope.service()) {
      case "sagemaker" -> sageMaker(scope, uri, region);
      case "sts" -> Service.STS;
      case "s3" -> Service.S3;
      default -> notSpoken(scope.service(), headers);
    };
  }

  private static ServiceChoice sageMaker(Scope scope, String uri, String region) {
    boolean isRuntime = isInvocation(uri);
    if (!scope.region().isEmpty() && !scope.region().equals(region)) {
      String message =
          "Credential should be scoped to a valid region, not '"
              + scope.region()
              + "'. This Berth is region '"
              + region
              + "': set the client's region (AWS_REGION) to it, or start Berth with --region "
              + scope.region()
              + ".";
      return new Refused(
          new WireError(isRuntime ? 403 : 400, "InvalidSignatureException", message),
          isRuntime ? ErrorForm.RUNTIME : ErrorForm.JSON);
    }
    return isRuntime ? Service.RUNTIME : Service.CONTROL_PLANE;
  }

  private static ServiceChoice unsigned(HttpMethod method, String uri, HttpHeaders headers) {
    String target = headers.get(TARGET);
    if (target != null && target.startsWith(TARGET_PREFIX)) {
      return Service.CONTROL_PLANE;
    }
    if (isInvocation(uri)) {
      return Service.RUNTIME;
    }
    return isQueryProtocol(method, uri, headers) ? Service.STS : Service.S3;
  }

  /**
   * A form posted to the root, or a query that names an action of STS's version: S3 has neither.
   */
  private static boolean isQueryProtocol(HttpMethod method, String uri, HttpHeaders headers) {
    boolean isRoot = uri.equals("/") || uri.startsWith("/?");
    if (!isRoot) {
      return false;
    }
    String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
    boolean isForm =
        HttpMethod.POST.equals(method)
            && type != null
            && type.regionMatches(true, 0, "application/x-www-form-urlencoded", 0, 33);
    return isForm || (uri.contains("Action=") && uri.contains("Version=2011-06-15"));
  }

  /** Whether the path is {@code /endpoints/NAME/…} with one of the runtime's three last words. */
  static boolean isInvocation(String uri) {
    if (!uri.startsWith("/endpoints/")) {
      return false;
    }
    int name = "/endpoints/".length();
    int slash = uri.indexOf('/', name);
    int query = uri.indexOf('?', name);
    int end = query < 0 ? uri.length() : query;
    if (slash <= name || slash > end) {
      return false;
    }
    int length = end - slash - 1;
    return isWord(uri, slash + 1, length, "invocations")
        || isWord(uri, slash + 1, length, "async-invocations")
        || isWord(uri, slash + 1, length, "invocations-response-stream");
  }

  private static boolean isWord(String uri, int at, int length, String word) {
    return length == word.length() && uri.startsWith(word, at);
  }

  private static @Nullable String queryCredential(String uri) {
    int query = uri.indexOf('?');
    if (query < 0) {
      return null;
    }
    int name = uri.indexOf("X-Amz-Credential=", query);
    if (name < 0) {
      return null;
    }
    int from = name + "X-Amz-Credential=".length();
    int end = uri.indexOf('&', from);
    String value = uri.substring(from, end < 0 ? uri.length() : end);
    // Of what a scope may hold, only the slash is ever escaped.
    return value.replace("%2F", "/").replace("%2f", "/");
  }

  private static Refused malformedSignature(String uri, HttpHeaders headers, String message) {
    return new Refused(
        new WireError(400, "IncompleteSignatureException", message), guessedForm(uri, headers));
  }

  private static Refused notSpoken(String service, HttpHeaders headers) {
    String message =
        "Berth does not speak the AWS service '"
            + service
            + "'. It speaks SageMaker, SageMaker Runtime, STS and S3. Set AWS_ENDPOINT_URL_SAGEMAKER,"
            + " AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME, AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL_S3 in"
            + " place of AWS_ENDPOINT_URL to send only these here.";
    // 501 is not retried by the SDKs, unlike the other 5xx.
    return new Refused(
        new WireError(501, "ServiceNotSupported", message), guessedForm("", headers));
  }

  private static ErrorForm guessedForm(String uri, HttpHeaders headers) {
    if (headers.contains(TARGET)) {
      return ErrorForm.JSON;
    }
    String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
    if (type != null && type.startsWith("application/x-www-form-urlencoded")) {
      return ErrorForm.QUERY;
    }
    if (type != null && type.contains("json")) {
      return ErrorForm.RUNTIME;
    }
    return isInvocation(uri) ? ErrorForm.RUNTIME : ErrorForm.S3;
  }
}
