package dev.berth.registry;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.DeleteModelPackageGroupPolicyInput;
import dev.berth.api.sagemaker.GetModelPackageGroupPolicyInput;
import dev.berth.api.sagemaker.GetModelPackageGroupPolicyOutput;
import dev.berth.api.sagemaker.PutModelPackageGroupPolicyInput;
import dev.berth.api.sagemaker.PutModelPackageGroupPolicyOutput;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * PutModelPackageGroupPolicy, GetModelPackageGroupPolicy and DeleteModelPackageGroupPolicy. A
 * policy is kept and given back; it lets other accounts in on AWS, and there are none here.
 */
public final class GroupPolicyOperations {
  private static final Kind KIND = Kind.MODEL_PACKAGE_GROUP;

  private final Store store;
  private final Arns arns;
  private final InstantSource clock;

  public GroupPolicyOperations(Store store, Arns arns, InstantSource clock) {
    this.store = store;
    this.arns = arns;
    this.clock = clock;
  }

  /** Puts a policy on a group, in place of one that it has. */
  public PutModelPackageGroupPolicyOutput put(
      PutModelPackageGroupPolicyInput input, CallContext context) {
    String policy = Objects.requireNonNull(input.resourcePolicy());
    if (!Json.isObject(policy)) {
      throw AwsException.validation("ResourcePolicy is not a JSON object.");
    }
    String name = Objects.requireNonNull(input.modelPackageGroupName());
    return PutModelPackageGroupPolicyOutput.builder()
        .modelPackageGroupArn(replace(name, policy, false))
        .build();
  }

  /** Gives a group's policy back to the letter. */
  public GetModelPackageGroupPolicyOutput get(
      GetModelPackageGroupPolicyInput input, CallContext context) {
    String name = Objects.requireNonNull(input.modelPackageGroupName());
    Resource group = existing(store.find(KIND.key(name)), name);
    String policy = GroupDocument.parse(group.document()).policy();
    if (policy == null) {
      throw noPolicy(group);
    }
    return GetModelPackageGroupPolicyOutput.builder().resourcePolicy(policy).build();
  }

  /** Takes a group's policy away. */
  public Nothing delete(DeleteModelPackageGroupPolicyInput input, CallContext context) {
    replace(Objects.requireNonNull(input.modelPackageGroupName()), null, true);
    return new Nothing();
  }

  /** Returns the group's ARN. */
  private String replace(String name, @Nullable String policy, boolean mustHaveOne) {
    return store.write(transaction -> {
      Resource group = existing(transaction.lock(KIND.key(name)), name);
      GroupDocument document = GroupDocument.parse(group.document());
      if (mustHaveOne && document.policy() == null) {
        throw noPolicy(group);
      }
      transaction.update(
          group.with(group.status(), document.withPolicy(policy).toJson(), clock.instant()));
      return group.arn();
    });
  }

  private Resource existing(Optional<Resource> group, String name) {
    return group.orElseThrow(() -> KIND.notFound(arns.of(KIND, name)));
  }

  private static AwsException noPolicy(Resource group) {
    return AwsException.validation("Cannot find resource policy for: " + group.arn());
  }
}
