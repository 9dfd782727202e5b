package dev.berth.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.Transaction;
import dev.berth.store.Transaction.ResourceExistsException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Requests that a ClientToken was given with, so that a request sent twice is executed once. A
 * token is remembered for as long as the package it made is there.
 */
final class ClientTokens {
  private static final String KIND = "model-package-token";

  private ClientTokens() {}

  /** What a token's first request was and made. */
  private record Remembered(String digest, String arn) {}

  /** Returns the name a request's token is stored by, null when it has none. */
  static @Nullable String nameOf(CreateModelPackageInput request) {
    // names don't tell cases apart, tokens do
    return request.clientToken() == null
        ? null
        : HexFormat.of().formatHex(request.clientToken().getBytes(UTF_8));
  }

  /**
   * Remembers that a request makes the package {@code arn}, unless it was made before.
   *
   * @return the ARN that the first request of the token made; empty when this is the first
   * @throws AwsException ConflictException when the first request was another
   */
  static Optional<String> remember(
      Transaction transaction, CreateModelPackageInput request, String arn, Instant now) {
    String name = nameOf(request);
    if (name == null) {
      return Optional.empty();
    }
    String digest = digest(request);
    try {
      transaction.insert(
          new Resource(
              new ResourceKey(KIND, name),
              UUID.randomUUID().toString(),
              "", // has no tags
              now,
              now,
              "",
              1,
              Json.write(new Remembered(digest, arn))));
      return Optional.empty();
    } catch (ResourceExistsException e) {
      Remembered first = Json.parse(e.existing().document(), Remembered.class);
      if (!first.digest().equals(digest)) {
        throw new AwsException(
            "ConflictException",
            400,
            "ClientToken \"%s\" was used before with other parameters, for %s."
                .formatted(request.clientToken(), first.arn()));
      }
      return Optional.of(first.arn());
    }
  }

  /** Forgets a token by its stored name. */
  static void forget(Transaction transaction, @Nullable String name) {
    if (name != null) {
      transaction.delete(new ResourceKey(KIND, name));
    }
  }

  private static String digest(CreateModelPackageInput request) {
    try {
      byte[] json = ApiJson.toJson(request).getBytes(UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(json));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
