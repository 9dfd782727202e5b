package dev.berth.hosting.runtime;

import org.jspecify.annotations.Nullable;

/**
 * How an image is pulled ({@code ImageConfig}).
 *
 * @param mode {@code RepositoryAccessMode}
 * @param credentialsProviderArn function that gives the registry's user and password ({@code
 *     RepositoryCredentialsProviderArn}); null when the registry asks for none
 */
public record RegistryAccess(Mode mode, @Nullable String credentialsProviderArn) {
  /** Without an ImageConfig. */
  public static final RegistryAccess PLATFORM = new RegistryAccess(Mode.PLATFORM, null);

  /** Whose registry it is. */
  public enum Mode {
    /** AWS's own, ECR. */
    PLATFORM,
    /** A private one, reached through the model's VPC. */
    VPC
  }
}
