package dev.berth.objectstore;

import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An S3 that Berth reads model data from, instead of its own.
 *
 * @param endpoint {@code http(s)://host[:port]}; null for AWS's own in {@code region}
 * @param region signing region, for example {@code eu-west-1}
 * @param pathStyle whether buckets are named in the path, as most S3-compatible servers want, and
 *     not in the host name
 * @param credentials null for the AWS SDK's usual places: environment, profile, instance role
 * @param requestTimeout from a request to its first byte, and between two bytes of its answer
 */
public record ExternalS3Config(
    @Nullable URI endpoint,
    String region,
    boolean pathStyle,
    @Nullable Credentials credentials,
    Duration requestTimeout) {

  public ExternalS3Config {
    if (region.isBlank()) {
      throw new IllegalArgumentException("the external S3 needs a region");
    }
    if (endpoint != null && (endpoint.getScheme() == null || endpoint.getHost() == null)) {
      throw new IllegalArgumentException(
          "the external S3's endpoint is not an http(s) URL: '%s'".formatted(endpoint));
    }
    if (!requestTimeout.isPositive()) {
      throw new IllegalArgumentException("the external S3's request timeout must be positive");
    }
  }

  /**
   * Keys to sign with.
   *
   * @param sessionToken null for long-lived keys
   */
  public record Credentials(
      String accessKeyId, String secretAccessKey, @Nullable String sessionToken) {
    @Override
    public String toString() {
      return "Credentials[" + accessKeyId + "]";
    }
  }
}
