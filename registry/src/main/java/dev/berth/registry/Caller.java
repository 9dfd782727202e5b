package dev.berth.registry;

import dev.berth.api.sagemaker.IamIdentity;
import dev.berth.api.sagemaker.UserContext;
import dev.berth.api.service.CallContext;

/** Who made or changed something, as it is stored. */
record Caller(String arn, String id) {
  static Caller of(CallContext context) {
    return new Caller(context.callerArn(), context.callerId());
  }

  UserContext userContext() {
    return UserContext.builder()
        .iamIdentity(IamIdentity.builder().arn(arn).principalId(id).build())
        .build();
  }
}
