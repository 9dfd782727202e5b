package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ModelMemoryTest {
  private long measured;

  /** With a limit of 1000, and so much in use before any model is there. */
  private ModelMemory memory(long empty) {
    measured = empty;
    return new ModelMemory(1000, () -> measured, Runnable::run);
  }

  @Test
  void models_fit_as_long_as_their_files_do() {
    ModelMemory memory = memory(100);
    assertThat(memory.take("a", 400)).isTrue();
    measured = 500;
    assertThat(memory.take("b", 500)).isTrue();
    measured = 1000;
    assertThat(memory.take("c", 1)).isFalse();
  }

  @Test
  void what_models_take_beside_their_files_is_expected_of_the_next() {
    ModelMemory memory = memory(100);
    assertThat(memory.take("a", 10)).isTrue();
    measured = 510; // 400 more than its files
    assertThat(memory.take("b", 10)).isTrue();
    measured = 920;
    assertThat(memory.take("c", 10)).isFalse(); // would end at 1330
  }

  @Test
  void memory_that_a_process_keeps_after_an_unload_is_there_for_the_next_model() {
    ModelMemory memory = memory(100);
    assertThat(memory.take("a", 400)).isTrue();
    measured = 500;
    assertThat(memory.take("b", 400)).isTrue();
    measured = 900;
    assertThat(memory.take("c", 400)).isFalse();
    memory.give("a"); // and as much is in use as before
    assertThat(memory.take("c", 400)).isTrue();
  }

  @Test
  void one_model_alone_is_tried_however_large_it_is() {
    ModelMemory memory = memory(990);
    assertThat(memory.take("a", 5000)).isTrue();
    assertThat(memory.take("b", 20)).isFalse();
  }

  @Test
  void without_a_limit_or_a_measurement_only_the_container_decides() {
    ModelMemory memory = memory(ModelMemory.UNKNOWN);
    assertThat(memory.take("a", 5000)).isTrue();
    assertThat(memory.take("b", 5000)).isTrue();
    var unlimited = new ModelMemory(0, () -> 5000, Runnable::run);
    assertThat(unlimited.take("a", 5000)).isTrue();
    assertThat(unlimited.take("b", 5000)).isTrue();
  }

  @Test
  void models_of_an_earlier_process_count_by_what_is_measured() {
    ModelMemory memory = memory(ModelMemory.UNKNOWN);
    assertThat(memory.take("found", 0)).isTrue();
    measured = 900;
    assertThat(memory.take("a", 200)).isFalse();
  }
}
