package dev.berth.registry;

import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;

/** Names of model package groups, as requests have them. */
final class GroupNames {
  private GroupNames() {}

  /**
   * Returns the name in a name or an ARN.
   *
   * @throws dev.berth.api.error.AwsException ValidationException for an ARN that names no group of
   *     this account and region
   */
  static String parse(String nameOrArn, Arns arns) {
    return nameOrArn.startsWith("arn:")
        ? arns.parse(nameOrArn)
            .filter(target -> target.kind() == Kind.MODEL_PACKAGE_GROUP)
            .map(Arns.Parsed::name)
            .orElseThrow(() -> Kind.MODEL_PACKAGE_GROUP.notFound(nameOrArn))
        : nameOrArn;
  }
}
