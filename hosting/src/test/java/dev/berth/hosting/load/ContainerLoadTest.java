package dev.berth.hosting.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ContainerLoadTest {
  private final ContainerLoad load = new ContainerLoad();

  private static long at(long millis) {
    return Duration.ofMillis(millis).toNanos();
  }

  private void begin(int requests, long millis) {
    for (int i = 0; i < requests; i++) {
      load.begin(at(millis));
    }
  }

  private long expectedMillis() {
    return Math.round(load.expectedNanos() / 1e6);
  }

  @Test
  void what_waits_at_a_steady_pace_tells_when_the_next_one_is_answered() {
    begin(20, 0);
    for (int i = 1; i <= 8; i++) {
      load.end(at(1000L * i));
    }
    assertThat(load.inFlight()).isEqualTo(12);
    assertThat(expectedMillis()).isEqualTo(13_000);
  }

  @Test
  void nothing_is_expected_before_a_pace_is_measured() {
    begin(20, 0);
    for (int i = 1; i <= 7; i++) {
      load.end(at(1000L * i));
    }
    assertThat(load.expectedNanos()).isZero();
  }

  @Test
  void a_pace_does_not_count_for_many_more_requests_than_it_was_measured_with() {
    begin(2, 0);
    for (int i = 1; i <= 8; i++) {
      load.end(at(1000L * i));
      load.begin(at(1000L * i));
    }
    assertThat(load.expectedNanos()).isPositive();
    begin(100, 9000);
    assertThat(load.expectedNanos()).isZero();
  }

  @Test
  void what_was_measured_is_forgotten_when_the_container_has_been_idle() {
    begin(20, 0);
    for (int i = 1; i <= 20; i++) {
      load.end(at(1000L * i));
    }
    begin(10, 30_000);
    assertThat(load.expectedNanos()).isZero();
  }

  @Test
  void a_faster_pace_replaces_a_slower_one() {
    begin(40, 0);
    for (int i = 1; i <= 8; i++) {
      load.end(at(1000L * i));
    }
    assertThat(expectedMillis()).isEqualTo(33_000);
    for (int i = 1; i <= 16; i++) {
      load.end(at(8000 + 100L * i));
    }
    assertThat(expectedMillis()).isLessThan(3000);
  }
}
