package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ProgressViewTest {
  private static final ProgressLine STAGING = new ProgressLine("blue/1", "staging", 500, 1_000);
  private static final ProgressLine STAGED = new ProgressLine("blue/1", "staging", 1_000, 1_000);
  private static final ProgressLine LOADING = new ProgressLine("blue/1", "loading", 0, 0);

  @Test
  void a_pipe_gets_one_line_a_step() {
    var terminal = CapturedTerminal.pipe();
    var view = ProgressView.on(terminal.terminal());
    view.show(List.of(STAGING));
    view.show(List.of(STAGED));
    view.show(List.of(LOADING));
    view.clear();
    assertThat(terminal.out()).isEqualTo("blue/1  staging\nblue/1  loading\n");
  }

  @Test
  void a_pipe_gets_a_step_whose_numbers_change_once_in_a_while() {
    var terminal = CapturedTerminal.pipe();
    var now = new AtomicReference<>(Instant.EPOCH);
    var view = new ProgressView.Written(terminal.terminal(), now::get);
    for (int second = 0; second <= 7; second++) {
      now.set(Instant.EPOCH.plusSeconds(second));
      view.show(List.of(new ProgressLine("job", "%d records".formatted(second), 0, 0)));
    }
    view.show(List.of(new ProgressLine("job", "7 records, 1 failed", 0, 0)));
    assertThat(terminal.out())
        .isEqualTo("job  0 records\njob  5 records\njob  7 records, 1 failed\n");
  }

  @Test
  void a_terminal_is_drawn_over_and_left_empty() {
    var terminal = CapturedTerminal.live(80);
    var view = ProgressView.on(terminal.terminal());
    view.show(List.of(STAGING, LOADING));
    view.show(List.of(LOADING));
    view.clear();
    var up = "\033[1A\r\033[2K";
    assertThat(terminal.out())
        .isEqualTo(
            "⠋ %s\n⠋ blue/1  loading\n".formatted(STAGING.text())
                + up
                + up
                + "⠙ blue/1  loading\n"
                + up);
  }

  @Test
  void a_drawn_line_never_wraps() {
    var terminal = CapturedTerminal.live(20);
    ProgressView.on(terminal.terminal()).show(List.of(STAGING));
    assertThat(terminal.out().strip()).hasSizeLessThan(20);
  }

  @Test
  void a_step_of_known_size_has_a_bar() {
    assertThat(STAGING.text())
        .isEqualTo("blue/1  staging  ━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄  50%  500 B of 1.0 kB");
  }

  @Test
  void a_step_of_unknown_size_tells_what_is_through() {
    assertThat(new ProgressLine("blue/1", "staging", 1_234_567, 0).text())
        .isEqualTo("blue/1  staging  1.2 MB");
  }

  @Test
  void sizes_are_rounded_into_the_next_unit() {
    assertThat(List.of(999L, 1_000L, 999_949L, 999_999L, 5_000_000_000L))
        .extracting(ProgressLine::bytes)
        .containsExactly("999 B", "1.0 kB", "999.9 kB", "1.0 MB", "5.0 GB");
  }
}
