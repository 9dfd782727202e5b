package dev.berth.identity;

import dev.berth.api.error.AwsException;
import dev.berth.api.query.QueryService;
import dev.berth.api.service.CallContext;
import dev.berth.api.service.Handlers;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.api.sts.GetCallerIdentityRequest;
import dev.berth.api.sts.GetCallerIdentityResponse;
import dev.berth.api.sts.StsApi;
import java.util.Optional;
import java.util.function.Function;

/**
 * STS (2011-06-15) in open mode: credentials issued here are the role's session that they were
 * issued for, any others the account's one user, {@code berth}. Its other operations are refused by
 * name.
 */
public final class StsService implements HttpService {
  /** The session token of the call that this thread answers, empty when it has none. */
  private static final ScopedValue<String> SESSION_TOKEN = ScopedValue.newInstance();

  private final CredentialIssuer issuer;
  private final QueryService service;

  /**
   * @param contexts who calls and where
   * @param issuer whose credentials are known
   */
  public StsService(Function<HttpCall, CallContext> contexts, CredentialIssuer issuer) {
    this.issuer = issuer;
    service =
        new QueryService(
            Handlers.of(StsApi.SERVICE)
                .on(StsApi.GET_CALLER_IDENTITY, this::callerIdentity)
                .build(),
            contexts);
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    return ScopedValue.where(SESSION_TOKEN, call.header("X-Amz-Security-Token"))
        .call(() -> service.answer(call));
  }

  private GetCallerIdentityResponse callerIdentity(
      GetCallerIdentityRequest input, CallContext context) {
    Optional<RoleSession> session = issuer.session(context.accessKeyId(), SESSION_TOKEN.get());
    return session.isPresent() ? role(session.get()) : user(context);
  }

  private GetCallerIdentityResponse role(RoleSession session) {
    if (issuer.isOver(session)) {
      throw new AwsException(
          "ExpiredToken", 403, "The security token included in the request is expired");
    }
    return GetCallerIdentityResponse.builder()
        .userId(session.userId())
        .account(session.account())
        .arn(session.assumedRoleArn())
        .build();
  }

  private static GetCallerIdentityResponse user(CallContext context) {
    return GetCallerIdentityResponse.builder()
        .userId(context.callerId())
        .account(context.account())
        .arn(context.callerArn())
        .build();
  }
}
