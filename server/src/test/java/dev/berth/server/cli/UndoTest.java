package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoTest {
  private final List<String> undone = new ArrayList<>();
  private final Undo undo = new Undo();

  @Test
  void what_was_made_last_goes_first() {
    undo.push(() -> undone.add("model"));
    undo.push(() -> undone.add("endpoint"));
    undo.run();
    assertThat(undone).containsExactly("endpoint", "model");
  }

  @Test
  void a_step_that_fails_keeps_no_other_from_running() {
    undo.push(() -> undone.add("model"));
    undo.push(() -> {
      throw new IllegalStateException("gone already");
    });
    assertThatThrownBy(undo::run)
        .isInstanceOf(CommandFailure.class)
        .hasMessage("could not clean up: gone already");
    assertThat(undone).containsExactly("model");
  }

  @Test
  void nothing_is_undone_twice() {
    undo.push(() -> undone.add("model"));
    undo.run();
    undo.run();
    assertThat(undone).containsExactly("model");
  }
}
