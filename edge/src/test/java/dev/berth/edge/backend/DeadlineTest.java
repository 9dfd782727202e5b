package dev.berth.edge.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final AtomicInteger passed = new AtomicInteger();
  private final Deadline deadline = new Deadline(channel.eventLoop(), passed::incrementAndGet);

  @BeforeEach
  void freezeTime() {
    channel.freezeTime();
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  private int passedAfter(long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
    return passed.get();
  }

  @Test
  void it_passes_once() {
    deadline.set(Duration.ofMillis(100));
    assertThat(passedAfter(99)).isZero();
    assertThat(passedAfter(2)).isEqualTo(1);
    assertThat(passedAfter(1000)).isEqualTo(1);
  }

  @Test
  void moved_later_it_passes_later() {
    deadline.set(Duration.ofMillis(100));
    passedAfter(80);
    deadline.set(Duration.ofMillis(100));
    assertThat(passedAfter(99)).isZero();
    assertThat(passedAfter(2)).isEqualTo(1);
  }

  @Test
  void moved_earlier_it_passes_earlier() {
    deadline.set(Duration.ofSeconds(1));
    deadline.set(Duration.ofMillis(10));
    assertThat(passedAfter(11)).isEqualTo(1);
  }

  @Test
  void cleared_it_never_passes() {
    deadline.set(Duration.ofMillis(100));
    deadline.clear();
    assertThat(passedAfter(1000)).isZero();
  }
}
