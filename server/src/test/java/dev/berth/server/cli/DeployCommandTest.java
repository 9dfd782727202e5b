package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeployCommandTest {
  private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");

  @Test
  void a_generation_is_named_after_its_endpoint_and_time() {
    assertThat(DeployCommand.generationName("churn", NOW)).isEqualTo("churn-20260304050607");
  }

  @Test
  void a_long_name_is_cut_to_what_sagemaker_takes() {
    var longest = "a".repeat(47) + "-" + "b".repeat(15);
    var generation = DeployCommand.generationName(longest, NOW);
    assertThat(generation).isEqualTo("a".repeat(47) + "-20260304050607");
    assertThat(DeployCommand.isGenerationOf(longest, generation)).isTrue();
  }

  @Test
  void what_others_made_is_no_generation() {
    assertThat(List.of("churn", "churn-v2", "churn-eu-20260304050607", "my-churn-20260304050607"))
        .noneMatch(name -> DeployCommand.isGenerationOf("churn", name));
  }

  @Test
  void file_names_give_the_format_away() {
    assertThat(ModelFormat.guess(List.of("./xgboost-model"))).contains(ModelFormat.XGBOOST);
    assertThat(ModelFormat.guess(List.of("model.onnx", "README"))).contains(ModelFormat.ONNX);
    assertThat(ModelFormat.guess(List.of("model.txt"))).contains(ModelFormat.LIGHTGBM);
  }

  @Test
  void file_names_that_say_two_things_say_nothing() {
    assertThat(ModelFormat.guess(List.of("a.onnx", "b.ubj"))).isEqualTo(Optional.empty());
  }
}
