package dev.berth.hosting.endpoint;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.BlueGreenUpdatePolicy;
import dev.berth.api.sagemaker.DeploymentConfig;
import dev.berth.api.sagemaker.TrafficRoutingConfig;
import dev.berth.api.sagemaker.TrafficRoutingConfigType;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which deployments Berth carries out: blue/green, all at once. Others are refused when they are
 * asked for, never carried out as something else.
 */
final class DeploymentRules {
  private DeploymentRules() {}

  /**
   * Returns the pace of a deployment.
   *
   * @throws AwsException ValidationException when it contradicts itself or can't be carried out
   */
  static FleetAssembly.Pace pace(@Nullable DeploymentConfig config) {
    if (config == null) {
      return new FleetAssembly.Pace(0, 0);
    }
    BlueGreenUpdatePolicy blueGreen = config.blueGreenUpdatePolicy();
    if (blueGreen != null && config.rollingUpdatePolicy() != null) {
      throw AwsException.validation(
          "DeploymentConfig has both BlueGreenUpdatePolicy and RollingUpdatePolicy. Specify one of them.");
    }
    if (config.rollingUpdatePolicy() != null) {
      throw refused("RollingUpdatePolicy");
    }
    if (config.autoRollbackConfiguration() != null
        && config.autoRollbackConfiguration().alarms() != null
        && !config.autoRollbackConfiguration().alarms().isEmpty()) {
      throw refused("AutoRollbackConfiguration");
    }
    if (blueGreen == null) {
      return new FleetAssembly.Pace(0, 0);
    }
    TrafficRoutingConfig traffic = Objects.requireNonNull(blueGreen.trafficRoutingConfiguration());
    if (traffic.type() != TrafficRoutingConfigType.ALL_AT_ONCE) {
      throw refused(
          "BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type " + wire(traffic.type()));
    }
    int maximum =
        blueGreen.maximumExecutionTimeoutInSeconds() == null
            ? 0
            : blueGreen.maximumExecutionTimeoutInSeconds();
    int termination =
        blueGreen.terminationWaitInSeconds() == null ? 0 : blueGreen.terminationWaitInSeconds();
    if (maximum > 0 && maximum <= termination) {
      throw AwsException.validation(
          "MaximumExecutionTimeoutInSeconds (%d) must be larger than TerminationWaitInSeconds (%d)."
              .formatted(maximum, termination));
    }
    return new FleetAssembly.Pace(maximum, termination);
  }

  private static String wire(@Nullable TrafficRoutingConfigType type) {
    return type == null ? "" : type.wire();
  }

  private static AwsException refused(String what) {
    return AwsException.validation(
        "DeploymentConfig.%s is not executed by this Berth: it deploys blue/green with TrafficRoutingConfiguration.Type ALL_AT_ONCE."
            .formatted(what));
  }
}
