package dev.berth.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.identity.CredentialIssuer;
import dev.berth.identity.CredentialIssuer.Ticket;
import dev.berth.identity.RoleCredentials;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Credentials for containers, as SDKs' container provider reads them (<a
 * href="https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html">SDKs
 * Reference</a>): who shows the ticket of an instance that is there gets new ones of its role.
 */
final class RoleCredentialsService implements HttpService {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final CredentialIssuer issuer;
  private final Predicate<String> isThere;

  /**
   * @param isThere whether a ticket's holder is an instance that hasn't gone
   */
  RoleCredentialsService(CredentialIssuer issuer, Predicate<String> isThere) {
    this.issuer = issuer;
    this.isThere = isThere;
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    if (!call.method().equals("GET")) {
      return json(405, Map.of("code", "MethodNotAllowed", "message", "only GET"));
    }
    Optional<Ticket> ticket = issuer.ticket(call.header("Authorization"));
    if (ticket.isEmpty() || !isThere.test(ticket.get().holder())) {
      return json(
          403,
          Map.of("code", "AccessDenied", "message", "the authorization token is of no instance"));
    }
    return json(200, document(issuer.issue(ticket.get().roleArn(), ticket.get().sessionName())));
  }

  private static Map<String, String> document(RoleCredentials credentials) {
    var document = new LinkedHashMap<String, String>();
    document.put("RoleArn", credentials.session().roleArn());
    document.put("AccessKeyId", credentials.accessKeyId());
    document.put("SecretAccessKey", credentials.secretAccessKey());
    document.put("Token", credentials.sessionToken());
    document.put("Expiration", credentials.expiration().toString());
    return document;
  }

  private static HttpAnswer json(int status, Map<String, String> body) {
    try {
      return new HttpAnswer(
          status,
          Map.of("Content-Type", "application/json", "Cache-Control", "no-store"),
          ByteBuffer.wrap(JSON.writeValueAsBytes(body)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("answer can't be written", e);
    }
  }
}
