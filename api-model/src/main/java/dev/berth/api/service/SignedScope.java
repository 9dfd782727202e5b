package dev.berth.api.service;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes access key and region of a call from the credential scope of its signature (header or
 * presigned query), without verifying the signature.
 *
 * @param account account that every call belongs to
 * @param defaultRegion region of unsigned calls and of unreadable scopes
 */
public record SignedScope(String account, String defaultRegion)
    implements Function<HttpCall, CallContext> {
  /** {@code Credential=AKID/20260101/us-east-1/sagemaker/aws4_request}; in a query / is %2F. */
  private static final Pattern CREDENTIAL =
      Pattern.compile(
          "Credential=([^/%,&\\s]{1,128})(?:/|%2F)\\d{8}(?:/|%2F)([a-z0-9-]{1,32})(?:/|%2F)",
          Pattern.CASE_INSENSITIVE);

  @Override
  public CallContext apply(HttpCall call) {
    Matcher scope = CREDENTIAL.matcher(call.header("Authorization"));
    if (!scope.find()) {
      scope = CREDENTIAL.matcher(call.uri());
      if (!scope.find()) {
        return new CallContext(call.requestId(), account, defaultRegion, "");
      }
    }
    return new CallContext(call.requestId(), account, scope.group(2), scope.group(1));
  }
}
