package dev.berth.hosting.resource;

import dev.berth.api.error.AwsException;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * The kinds of resources that Berth issues ARNs for, with the words that AWS's messages have for
 * them.
 */
public enum Kind {
  MODEL("model", "model"),
  ENDPOINT_CONFIG("endpoint-config", "endpoint configuration"),
  ENDPOINT("endpoint", "endpoint"),
  TRANSFORM_JOB("transform-job", "transform job"),
  MODEL_PACKAGE_GROUP(
      "model-package-group",
      "model package group",
      "ModelPackageGroup %s does not exist.",
      "Model Package Group already exists: %s"),
  MODEL_PACKAGE(
      "model-package",
      "model package",
      "ModelPackage %s does not exist.",
      "Model Package already exists: %s");

  private final String arnType;
  private final String words;
  private final String missing;
  private final String existing;

  Kind(String arnType, String words) {
    this(
        arnType,
        words,
        "Could not find " + words + " \"%s\".",
        "Cannot create already existing " + words + " \"%s\".");
  }

  Kind(String arnType, String words, String missing, String existing) {
    this.arnType = arnType;
    this.words = words;
    this.missing = missing;
    this.existing = existing;
  }

  /** What one of the kind is called, such as {@code endpoint configuration}. */
  public String words() {
    return words;
  }

  /** Resource type in ARNs, and the store's kind. */
  public String arnType() {
    return arnType;
  }

  /** Returns the store's key of the resource of this kind with this name. */
  public ResourceKey key(String name) {
    return new ResourceKey(arnType, name);
  }

  /** Returns a resource of this kind that is to be inserted, with a fresh id. */
  public Resource created(String name, String arn, Instant now, String status, String document) {
    return new Resource(
        key(name), UUID.randomUUID().toString(), arn, now, now, status, 1, document);
  }

  /** Returns the error for a resource that isn't there. */
  public AwsException notFound(String arn) {
    return AwsException.validation(missing.formatted(arn));
  }

  /** Returns the error for a name that is taken. */
  public AwsException exists(String arn) {
    return AwsException.validation(existing.formatted(arn));
  }

  static Optional<Kind> of(String arnType) {
    for (Kind kind : values()) {
      if (kind.arnType.equals(arnType)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
