package dev.berth.registry;

import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import java.util.Locale;

/** Which model package: one alone, or a version of a group. */
sealed interface PackageId {
  /** The store's kind of versions; packages alone have the one of their ARNs. */
  String VERSION_KIND = "model-package-version";

  /** Most digits of a version (shape VersionedArnOrName). */
  int VERSION_DIGITS = 9;

  /** Returns the store's key. */
  ResourceKey key();

  /** Returns the package's ARN. */
  String arn(Arns arns);

  /** A package that is in no group. */
  record Single(String name) implements PackageId {
    @Override
    public ResourceKey key() {
      return Kind.MODEL_PACKAGE.key(name);
    }

    @Override
    public String arn(Arns arns) {
      return arns.of(Kind.MODEL_PACKAGE, name);
    }
  }

  /**
   * A version of a group.
   *
   * @param number from 1
   */
  record Version(String group, int number) implements PackageId {
    /** The number has all its digits, so that names sort as numbers do. */
    @Override
    public ResourceKey key() {
      return new ResourceKey(
          VERSION_KIND, group + "/" + String.format(Locale.ROOT, "%09d", number));
    }

    @Override
    public String arn(Arns arns) {
      return arns.of(Kind.MODEL_PACKAGE, group + "/" + number);
    }
  }

  /** Returns whose resource it is. */
  static PackageId of(Resource resource) {
    String name = resource.key().name();
    return resource.parent().isEmpty()
        ? new Single(name)
        : new Version(
            resource.parent(), Integer.parseInt(name.substring(name.lastIndexOf('/') + 1)));
  }

  /**
   * Returns what is named by {@code NAME}, {@code GROUP/VERSION}, or the ARN of either.
   *
   * @throws dev.berth.api.error.AwsException ValidationException for an ARN that names no package
   *     of this account and region
   */
  static PackageId parse(String nameOrArn, Arns arns) {
    String name =
        nameOrArn.startsWith("arn:")
            ? arns.parse(nameOrArn)
                .filter(target -> target.kind() == Kind.MODEL_PACKAGE)
                .map(Arns.Parsed::name)
                .orElseThrow(() -> Kind.MODEL_PACKAGE.notFound(nameOrArn))
            : nameOrArn;
    int slash = name.indexOf('/');
    if (slash < 0) {
      return new Single(name);
    }
    String digits = name.substring(slash + 1);
    if (!digits.matches("[0-9]{1," + VERSION_DIGITS + "}")) {
      throw Kind.MODEL_PACKAGE.notFound(nameOrArn);
    }
    return new Version(name.substring(0, slash), Integer.parseInt(digits));
  }
}
