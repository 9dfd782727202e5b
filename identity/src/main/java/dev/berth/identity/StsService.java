package dev.berth.identity;

import dev.berth.api.query.QueryService;
import dev.berth.api.service.CallContext;
import dev.berth.api.service.Handlers;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.api.sts.GetCallerIdentityRequest;
import dev.berth.api.sts.GetCallerIdentityResponse;
import dev.berth.api.sts.StsApi;
import java.util.function.Function;

/**
 * STS (2011-06-15) in open mode: any credentials are the account's one user, {@code berth}. Its
 * other operations are refused by name.
 */
public final class StsService implements HttpService {
  private final QueryService service;

  /**
   * @param contexts who calls and where
   */
  public StsService(Function<HttpCall, CallContext> contexts) {
    service =
        new QueryService(
            Handlers.of(StsApi.SERVICE)
                .on(StsApi.GET_CALLER_IDENTITY, StsService::callerIdentity)
                .build(),
            contexts);
  }

  @Override
  public HttpAnswer answer(HttpCall call) {
    return service.answer(call);
  }

  private static GetCallerIdentityResponse callerIdentity(
      GetCallerIdentityRequest input, CallContext context) {
    return GetCallerIdentityResponse.builder()
        .userId(context.callerId())
        .account(context.account())
        .arn(context.callerArn())
        .build();
  }
}
