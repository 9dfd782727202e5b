package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.RegistryCredentials;
import dev.berth.hosting.runtime.RoleEndpoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where images come from, and whom containers reach.
 *
 * @param mirrors for images of AWS's registries; the first that matches holds
 * @param registries who knows the users and passwords of private registries
 * @param subnets network of the engine by id of a VPC's subnet; a subnet that isn't here gets a
 *     network of its own
 * @param roles where containers get their role's credentials; empty when they get none
 */
public record DockerAccess(
    List<ImageMirror> mirrors,
    RegistryCredentials registries,
    Map<String, String> subnets,
    Optional<RoleEndpoint> roles) {
  public DockerAccess {
    mirrors = List.copyOf(mirrors);
    subnets = Map.copyOf(subnets);
  }

  /** Returns no mirrors, no mapped subnets, and no credentials for anything. */
  public static DockerAccess none() {
    return new DockerAccess(List.of(), RegistryCredentials.none(), Map.of(), Optional.empty());
  }
}
