package dev.berth.hosting.multimodel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MemoryEstimateTest {
  private final MemoryEstimate estimate = new MemoryEstimate();

  @Test
  void a_model_of_which_nothing_is_known_takes_what_its_files_take() {
    assertThat(estimate.of(30_000)).isEqualTo(30_000);
    assertThat(estimate.of(0)).isZero();
  }

  @Test
  void a_model_like_the_last_takes_what_that_took() {
    estimate.learn(30_000, 3_000);
    assertThat(estimate.of(30_000)).isEqualTo(3_000);
    assertThat(estimate.of(20_000)).isEqualTo(2_000);
  }

  @Test
  void a_small_one_says_nothing_of_a_large_one() {
    estimate.learn(10, 5_000);
    assertThat(estimate.of(100_000_000)).isEqualTo(100_000_000);
  }

  @Test
  void a_larger_one_is_believed_at_once_and_smaller_ones_bit_by_bit() {
    estimate.learn(1_000, 1_000);
    estimate.learn(1_000, 4_000);
    assertThat(estimate.of(1_000)).isEqualTo(4_000);
    estimate.learn(1_000, 1_000);
    assertThat(estimate.of(1_000)).isBetween(3_500L, 3_999L);
    for (int i = 0; i < 100; i++) {
      estimate.learn(1_000, 1_000);
    }
    assertThat(estimate.of(1_000)).isBetween(1_000L, 1_100L);
  }
}
