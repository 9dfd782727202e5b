package dev.berth.hosting.runtime;

import java.util.List;

/**
 * Whom an instance's containers may talk to.
 *
 * @param isIsolated {@code EnableNetworkIsolation}: nobody but Berth's gateway, in or out, and no
 *     credentials inside
 * @param subnets {@code VpcConfig.Subnets}; empty without a VpcConfig
 * @param securityGroups {@code VpcConfig.SecurityGroupIds}; empty without a VpcConfig
 */
public record NetworkSpec(boolean isIsolated, List<String> subnets, List<String> securityGroups) {
  /** Neither isolated nor in a VPC. */
  public static final NetworkSpec UNRESTRICTED = new NetworkSpec(false, List.of(), List.of());

  public NetworkSpec {
    subnets = List.copyOf(subnets);
    securityGroups = List.copyOf(securityGroups);
  }
}
