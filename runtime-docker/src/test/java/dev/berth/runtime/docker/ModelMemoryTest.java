package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModelMemoryTest {
  private static final long MIB = 1 << 20;

  private long measured;

  /** With a limit of 1000, and so much in use before any model is there. */
  private ModelMemory memory(long empty) {
    measured = empty;
    return new ModelMemory(1000, () -> measured, Runnable::run);
  }

  private void load(ModelMemory memory, String id, long fileBytes, long measuredThen) {
    assertThat(memory.take(id, fileBytes)).isTrue();
    measured = measuredThen;
    memory.loaded(id);
  }

  @Test
  void models_fit_as_long_as_their_files_do() {
    ModelMemory memory = memory(100);
    load(memory, "a", 400, 500);
    load(memory, "b", 500, 1000);
    assertThat(memory.take("c", 1)).isFalse();
  }

  @Test
  void what_a_model_takes_is_known_where_nothing_but_its_load_lies_between_two_measurements() {
    ModelMemory memory = memory(100);
    load(memory, "a", 10, 150);
    assertThat(memory.growth("a")).hasValue(50);

    assertThat(memory.take("b", 10)).isTrue();
    load(memory, "c", 10, 250);
    assertThat(memory.growth("c")).isEmpty(); // b is on its way
    memory.loaded("b");
    load(memory, "d", 10, 280);
    assertThat(memory.growth("d")).hasValue(30);
    memory.give("d");
    load(memory, "e", 10, 270);
    assertThat(memory.growth("e")).isEmpty(); // d was unloaded
    load(memory, "f", 10, 260);
    assertThat(memory.growth("f")).isEmpty(); // it grew by nothing that could be seen
    assertThat(memory.growth("a")).hasValue(50);
    assertThat(memory.growth("d")).isEmpty();
  }

  @Test
  void memory_without_a_limit_is_measured_and_takes_every_model() {
    measured = 100;
    var memory = new ModelMemory(0, () -> measured, Runnable::run);
    load(memory, "a", 10, 5000);
    assertThat(memory.growth("a")).hasValue(4900);
    assertThat(memory.take("b", 10_000)).isTrue();
  }

  @Test
  void what_models_take_beside_their_files_is_expected_of_the_next() {
    ModelMemory memory = memory(100);
    load(memory, "a", 10, 510); // 400 more than its files
    load(memory, "b", 10, 920);
    assertThat(memory.take("c", 10)).isFalse(); // would end at 1330
  }

  @Test
  void memory_that_a_process_keeps_after_an_unload_is_there_for_the_next_model() {
    ModelMemory memory = memory(100);
    load(memory, "a", 400, 500);
    load(memory, "b", 400, 900);
    assertThat(memory.take("c", 400)).isFalse();
    memory.give("a"); // and as much is in use as before
    assertThat(memory.take("c", 400)).isTrue();
  }

  @Test
  void a_measurement_that_takes_its_time_tells_nothing_of_what_was_loaded_meanwhile() {
    var running = new ArrayDeque<Runnable>();
    var meanwhile = new ArrayDeque<Runnable>();
    measured = 40 * MIB;
    var memory =
        new ModelMemory(
            300 * MIB,
            () -> {
              long now = measured;
              Optional.ofNullable(meanwhile.poll()).ifPresent(Runnable::run);
              return now;
            },
            running::add);
    assertThat(memory.take("a", 0)).isTrue();
    meanwhile.add(() -> {
      load(memory, "a", 0, 160 * MIB);
      load(memory, "b", 0, 280 * MIB);
    });
    running.remove().run();
    assertThat(memory.take("c", 0)).isFalse();
  }

  @Test
  void models_on_their_way_count_with_what_they_should_take() {
    ModelMemory memory = memory(100);
    load(memory, "a", 10, 510);
    assertThat(memory.take("b", 10)).isTrue();
    assertThat(memory.take("c", 10)).isFalse(); // "b" has not taken its 410 yet
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
