package dev.berth.server;

import dev.berth.edge.Destination;
import dev.berth.edge.Dispatcher;
import dev.berth.edge.ErrorForm;
import dev.berth.edge.WireError;
import dev.berth.identity.CredentialIssuer;
import dev.berth.identity.RoleSession;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lets containers through: to the credentials of their role, and with these to AWS's services;
 * never to what isn't AWS's.
 *
 * @param credentials where they get credentials
 * @param services where requests with credentials go
 */
record ContainerGate(CredentialIssuer issuer, Destination credentials, Dispatcher services)
    implements Dispatcher {
  static final String CREDENTIALS_PATH = "/v2/credentials";
  private static final String TOKEN = "X-Amz-Security-Token";
  private static final Pattern CREDENTIAL = Pattern.compile("Credential=([A-Z0-9]{16,128})/");

  /** Credentials of a request: in its headers, or in the query of a presigned one. */
  private record Shown(String accessKeyId, String sessionToken) {}

  @Override
  public Destination dispatch(HttpRequest head) {
    if (head.uri().equals(CREDENTIALS_PATH)) {
      return credentials;
    }
    if (head.uri().startsWith("/_berth")) {
      return refused(ErrorForm.PLAIN, 403, "AccessDenied", "Containers have no access to this.");
    }
    Optional<RoleSession> session =
        shown(head).flatMap(shown -> issuer.session(shown.accessKeyId(), shown.sessionToken()));
    Destination wanted = services.dispatch(head);
    if (session.isEmpty()) {
      return refused(
          wanted.errors(),
          403,
          "InvalidClientTokenId",
          "The security token included in the request is invalid. From a container, Berth takes the credentials that it issued for the model's role.");
    }
    if (issuer.isOver(session.get())) {
      return refused(
          wanted.errors(),
          wanted.errors() == ErrorForm.S3 ? 400 : 403, // as each service does
          wanted.errors() == ErrorForm.JSON ? "ExpiredTokenException" : "ExpiredToken",
          "The security token included in the request is expired");
    }
    return wanted;
  }

  private static Optional<Shown> shown(HttpRequest head) {
    String authorization = head.headers().get(HttpHeaderNames.AUTHORIZATION);
    if (authorization == null) {
      return presigned(head.uri());
    }
    Matcher credential = CREDENTIAL.matcher(authorization);
    return credential.find()
        ? Optional.of(new Shown(credential.group(1), head.headers().get(TOKEN, "")))
        : Optional.empty();
  }

  /** Version 4 of signatures has a credential, and version 2, boto3's for S3, an access key. */
  private static Optional<Shown> presigned(String uri) {
    var query = new TreeMap<String, List<String>>(String.CASE_INSENSITIVE_ORDER);
    query.putAll(new QueryStringDecoder(uri).parameters());
    String credential = first(query, "X-Amz-Credential") + "/";
    String accessKeyId = credential.substring(0, credential.indexOf('/'));
    return Optional.of(
        new Shown(
            accessKeyId.isEmpty() ? first(query, "AWSAccessKeyId") : accessKeyId,
            first(query, TOKEN)));
  }

  private static String first(Map<String, List<String>> query, String name) {
    return query.getOrDefault(name, List.of("")).getFirst();
  }

  private static Destination refused(ErrorForm form, int status, String code, String message) {
    return new Destination.Refusal(new WireError(status, code, message), form);
  }
}
