package dev.berth.hosting.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.sagemaker.Alarm;
import dev.berth.api.sagemaker.AutoRollbackConfig;
import dev.berth.api.sagemaker.BlueGreenUpdatePolicy;
import dev.berth.api.sagemaker.DeploymentConfig;
import dev.berth.api.sagemaker.RollingUpdatePolicy;
import dev.berth.api.sagemaker.TrafficRoutingConfig;
import dev.berth.api.sagemaker.TrafficRoutingConfigType;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeploymentRulesTest {

  @Test
  void without_a_config_nothing_is_bounded_and_nothing_waits() {
    assertThat(DeploymentRules.pace(null)).isEqualTo(new FleetAssembly.Pace(0, 0));
  }

  @Test
  void all_at_once_is_carried_out_with_its_times() {
    DeploymentConfig config =
        DeploymentConfig.builder()
            .blueGreenUpdatePolicy(
                policy(TrafficRoutingConfigType.ALL_AT_ONCE)
                    .terminationWaitInSeconds(30)
                    .maximumExecutionTimeoutInSeconds(600)
                    .build())
            .build();
    assertThat(DeploymentRules.pace(config)).isEqualTo(new FleetAssembly.Pace(600, 30));
  }

  @Test
  void a_canary_is_refused_instead_of_flipped_at_once() {
    DeploymentConfig config =
        DeploymentConfig.builder()
            .blueGreenUpdatePolicy(policy(TrafficRoutingConfigType.CANARY).build())
            .build();
    assertThatThrownBy(() -> DeploymentRules.pace(config))
        .hasMessageContaining("TrafficRoutingConfiguration.Type CANARY is not executed");
  }

  @Test
  void a_rolling_update_is_refused() {
    DeploymentConfig config =
        DeploymentConfig.builder()
            .rollingUpdatePolicy(RollingUpdatePolicy.builder().waitIntervalInSeconds(1).build())
            .build();
    assertThatThrownBy(() -> DeploymentRules.pace(config))
        .hasMessageContaining("RollingUpdatePolicy is not executed");
  }

  @Test
  void alarms_are_refused_as_nobody_would_watch_them() {
    DeploymentConfig config =
        DeploymentConfig.builder()
            .autoRollbackConfiguration(
                AutoRollbackConfig.builder()
                    .alarms(List.of(Alarm.builder().alarmName("a").build()))
                    .build())
            .build();
    assertThatThrownBy(() -> DeploymentRules.pace(config))
        .hasMessageContaining("AutoRollbackConfiguration is not executed");
  }

  @Test
  void two_policies_exclude_one_another() {
    DeploymentConfig config =
        DeploymentConfig.builder()
            .blueGreenUpdatePolicy(policy(TrafficRoutingConfigType.ALL_AT_ONCE).build())
            .rollingUpdatePolicy(RollingUpdatePolicy.builder().waitIntervalInSeconds(1).build())
            .build();
    assertThatThrownBy(() -> DeploymentRules.pace(config))
        .hasMessageContaining("both BlueGreenUpdatePolicy and RollingUpdatePolicy");
  }

  private static BlueGreenUpdatePolicy.Builder policy(TrafficRoutingConfigType type) {
    return BlueGreenUpdatePolicy.builder()
        .trafficRoutingConfiguration(
            TrafficRoutingConfig.builder().type(type).waitIntervalInSeconds(0).build());
  }
}
