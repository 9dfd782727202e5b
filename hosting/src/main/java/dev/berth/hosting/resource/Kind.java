package dev.berth.hosting.resource;

import dev.berth.api.error.AwsException;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** The kinds of resources that hosting owns, with the words that AWS's messages have for them. */
public enum Kind {
  MODEL("model", "model"),
  ENDPOINT_CONFIG("endpoint-config", "endpoint configuration"),
  ENDPOINT("endpoint", "endpoint");

  private final String arnType;
  private final String words;

  Kind(String arnType, String words) {
    this.arnType = arnType;
    this.words = words;
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
    return AwsException.validation("Could not find %s \"%s\".".formatted(words, arn));
  }

  /** Returns the error for a name that is taken. */
  public AwsException exists(String arn) {
    return AwsException.validation(
        "Cannot create already existing %s \"%s\".".formatted(words, arn));
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
