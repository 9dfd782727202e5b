package dev.berth.runtime.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.runtime.ModelHost.LoadException;
import dev.berth.hosting.runtime.ModelHost.Refusal;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.runtime.embedded.serving.ServedModel;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EmbeddedModelHostTest {
  private static final EmbeddedImage IMAGE = EmbeddedImage.of("berth/xgboost").orElseThrow();
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final AtomicInteger open = new AtomicInteger();
  private final ModelMemory memory = new ModelMemory(1_000);

  /** Loads models of 300 bytes, unless its folder's name says what else. */
  private final SharedModels models =
      new SharedModels(
          (_, directory, _) -> {
            switch (directory.toString()) {
              case "/broken" -> throw new ModelLoadException("file 'x' is cut off");
              case "/huge" -> throw new OutOfMemoryError("test");
              case "/slow" -> awaitInterrupt();
              default -> {}
            }
            open.incrementAndGet();
            return new Sized(300);
          },
          2);

  private final EmbeddedModelHost host = host(900);

  private EmbeddedModelHost host(long bytes) {
    return new EmbeddedModelHost(models, IMAGE, Map.of(), memory, bytes);
  }

  private static void awaitInterrupt() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException _) {
      throw new ModelLoadException("interrupted");
    }
  }

  private final class Sized implements ServedModel {
    private final long bytes;

    Sized(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public boolean isQuick(int bodyBytes) {
      return true;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      return ModelResponse.text(200, "");
    }

    @Override
    public long memoryBytes() {
      return bytes;
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private static void load(EmbeddedModelHost host, String id, String directory) throws Exception {
    host.load(id, Path.of(directory), 100, PATIENCE);
  }

  private void isRefused(String directory, Refusal expected) {
    assertThatThrownBy(() -> load(host, directory, directory))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.refusal()).isEqualTo(expected));
  }

  @Test
  void a_model_counts_with_what_it_takes_once_it_is_there() throws Exception {
    assertThat(host.load("a", Path.of("/a"), 100, PATIENCE).memoryBytes()).isEqualTo(300);
    assertThat(memory.freeBytes()).isEqualTo(700);
    host.unload("a");
    assertThat(memory.freeBytes()).isEqualTo(1_000);
    assertThat(open).hasValue(0);
  }

  @Test
  void a_model_that_is_loaded_already_is_not_loaded_again() throws Exception {
    load(host, "a", "/a");
    load(host, "a", "/a");
    assertThat(open).hasValue(1);
    assertThat(memory.freeBytes()).isEqualTo(700);
  }

  @Test
  void all_instances_of_the_process_share_its_memory() throws Exception {
    EmbeddedModelHost other = host(900);
    load(other, "a", "/a");
    load(other, "b", "/b");
    load(other, "c", "/c");
    assertThatThrownBy(() -> host.load("d", Path.of("/d"), 101, PATIENCE))
        .isInstanceOfSatisfying(
            LoadException.class,
            e ->
                assertThat(e.refusal())
                    .isInstanceOfSatisfying(
                        Refusal.NoRoom.class,
                        no -> assertThat(no.message()).contains("multi-model-memory-bytes")));
    other.release();
    assertThat(memory.freeBytes()).isEqualTo(1_000);
    load(host, "d", "/d");
  }

  @Test
  void what_can_not_be_loaded_leaves_nothing_behind() {
    isRefused("/broken", new Refusal.Rejected(500, "Unable to load model: file 'x' is cut off"));
    assertThat(memory.freeBytes()).isEqualTo(1_000);
    assertThat(host.loaded()).isEmpty();
  }

  @Test
  void a_heap_that_is_used_up_is_a_lack_of_room() {
    assertThatThrownBy(() -> load(host, "h", "/huge"))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.refusal()).isInstanceOf(Refusal.NoRoom.class));
  }

  @Test
  void a_load_that_takes_too_long_is_given_up() {
    assertThatThrownBy(() -> host.load("s", Path.of("/slow"), 100, Duration.ofMillis(20)))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.refusal()).isInstanceOf(Refusal.TimedOut.class));
    assertThat(memory.freeBytes()).isEqualTo(1_000);
  }

  @Test
  void what_is_loaded_after_the_instance_has_ended_is_freed_at_once() {
    host.release();
    isRefused("/late", new Refusal.Gone("its instance is no longer in service"));
    assertThat(open).hasValue(0);
    assertThat(memory.freeBytes()).isEqualTo(1_000);
  }

  @Test
  void unloading_what_is_not_there_is_well() {
    host.unload("nothing");
    assertThat(memory.freeBytes()).isEqualTo(1_000);
  }
}
