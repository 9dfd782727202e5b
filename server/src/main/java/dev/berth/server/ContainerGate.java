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
import java.util.Optional;
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

  private static Optional<Shown> presigned(String uri) {
    var query = new QueryStringDecoder(uri).parameters();
    String credential = query.getOrDefault("X-Amz-Credential", List.of("")).getFirst();
    int slash = credential.indexOf('/');
    return slash < 0
        ? Optional.empty()
        : Optional.of(
            new Shown(
                credential.substring(0, slash), query.getOrDefault(TOKEN, List.of("")).getFirst()));
  }

  private static Destination refused(ErrorForm form, int status, String code, String message) {
    return new Destination.Refusal(new WireError(status, code, message), form);
  }
}
