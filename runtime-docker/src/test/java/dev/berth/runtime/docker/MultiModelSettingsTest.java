package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class MultiModelSettingsTest {
  @Test
  void without_any_an_image_has_to_load_models_itself() {
    assertThat(MultiModelSettings.of(Map.of())).isEqualTo(new MultiModelSettings(false, 8, 0));
  }

  @Test
  void the_environment_asks_for_containers_and_bounds_them() {
    assertThat(
            MultiModelSettings.of(
                Map.of(
                    "BERTH_MULTI_MODEL_FALLBACK", "containers",
                    "BERTH_MULTI_MODEL_MAX_CONTAINERS", "3",
                    "BERTH_MULTI_MODEL_MEMORY_BYTES", "1000")))
        .isEqualTo(new MultiModelSettings(true, 3, 1000));
  }

  @Test
  void a_wrong_value_is_told_with_its_variable_and_the_rule() {
    assertThatThrownBy(() -> MultiModelSettings.of(Map.of("BERTH_MULTI_MODEL_FALLBACK", "yes")))
        .hasMessage(
            "BERTH_MULTI_MODEL_FALLBACK is 'yes' in Environment: it can only be 'containers'");
    for (String wrong : new String[] {"0", "-1", "many"}) {
      assertThatThrownBy(
              () -> MultiModelSettings.of(Map.of("BERTH_MULTI_MODEL_MAX_CONTAINERS", wrong)))
          .hasMessage(
              "BERTH_MULTI_MODEL_MAX_CONTAINERS is '%s' in Environment: it must be a whole number above 0"
                  .formatted(wrong));
    }
  }

  @Test
  void the_smaller_of_two_limits_holds() {
    var given = new MultiModelSettings(false, 8, 1000);
    assertThat(given.memoryBytes(4000)).isEqualTo(1000);
    assertThat(given.memoryBytes(400)).isEqualTo(400);
    assertThat(given.memoryBytes(0)).isEqualTo(1000);
    assertThat(new MultiModelSettings(false, 8, 0).memoryBytes(4000)).isEqualTo(4000);
  }
}
