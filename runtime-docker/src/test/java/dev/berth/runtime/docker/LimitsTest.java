package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private static final long GIB = 1L << 30;
  private static final Engine.Facts MACHINE =
      new Engine.Facts("1", 4, 16 * GIB, true, "cgroupfs", true);

  @Test
  void an_instance_has_what_its_type_has() {
    assertThat(Limits.of(Optional.of("ml.m5.large"), MACHINE))
        .isEqualTo(new Limits(2, 8 * GIB, 0, ""));
  }

  @Test
  void a_type_larger_than_the_machine_gets_all_of_it_and_says_so() {
    assertThat(Limits.of(Optional.of("ml.g5.12xlarge"), MACHINE))
        .isEqualTo(
            new Limits(
                4,
                16 * GIB,
                4,
                "has 4 of 48 vCPUs and 16.0 of 192.0 GiB that an ml.g5.12xlarge has: all of this machine"));
  }

  @Test
  void without_a_type_there_is_no_limit() {
    assertThat(Limits.of(Optional.empty(), MACHINE)).isEqualTo(new Limits(0, 0, 0, ""));
  }

  @Test
  void a_type_that_is_not_known_limits_nothing_and_says_so() {
    assertThat(Limits.of(Optional.of("ml.x1.large"), MACHINE).note()).contains("ml.x1.large");
  }
}
