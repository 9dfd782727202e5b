package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed loses nothing it acknowledged and leaves nothing half-written. */
class SqliteKillTest {
  private static final int KILLS = 8;

  @TempDir private Path folder;

  @Test
  void what_was_acknowledged_before_a_kill_is_there_whole_after_it() throws Exception {
    var random = new Random(3);
    var acknowledged = new HashSet<String>();
    for (int round = 0; round < KILLS; round++) {
      acknowledged.addAll(acknowledgedUntilKilled(round, 1 + random.nextInt(600)));
      try (Store store = open(folder)) {
        assertThat(namesOfWhole(store)).containsAll(acknowledged);
      }
    }
  }

  /** Returns the names a writer acknowledged before it was killed after {@code count} of them. */
  private Set<String> acknowledgedUntilKilled(int round, int count) throws Exception {
    var names = new HashSet<String>();
    Process writer = ChildJvm.start(Writer.class, folder.toString(), Integer.toString(round));
    try (BufferedReader said = writer.inputReader()) {
      for (int i = 0; i < count; i++) {
        names.add(said.readLine());
      }
      // SIGKILL; through the handle, as Process.destroyForcibly() would close what it still said
      writer.toHandle().destroyForcibly();
      said.lines().filter(line -> line.endsWith(".")).forEach(names::add);
    }
    writer.waitFor();
    return names;
  }

  /** Returns the names of all models, each checked to have all its transaction wrote. */
  private static Set<String> namesOfWhole(Store store) {
    var names = new HashSet<String>();
    Optional<ListQuery> next = Optional.of(ListQuery.all("model", 1000));
    while (next.isPresent()) {
      Page page = store.list(next.get());
      for (Resource model : page.resources()) {
        String name = model.key().name();
        assertThat(model).isEqualTo(Writer.model(name));
        assertThat(store.tags(model.arn())).isEqualTo(Map.of("first", name, "second", name));
        assertThat(store.find(new ResourceKey("endpoint", name))).isPresent();
        names.add(name);
      }
      next = page.next().map(position -> ListQuery.all("model", 1000).from(Optional.of(position)));
    }
    return names;
  }

  private static Store open(Path folder) {
    return SqliteStore.open(folder, StoreContract.ACCOUNT, StoreContract.REGION);
  }

  /** Writes as fast as it can from several threads and says what was acknowledged. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] args) {
      Store store = open(Path.of(args[0]));
      try (var threads = Executors.newFixedThreadPool(8)) {
        for (String thread : List.of("a", "b", "c", "d", "e", "f", "g", "h")) {
          threads.execute(() -> {
            for (int i = 0; true; i++) {
              insert(store, "round-%s-%s-%d.".formatted(args[1], thread, i));
            }
          });
        }
      }
    }

    static Resource model(String name) {
      return StoreContract.model(name, Instant.EPOCH);
    }

    private static void insert(Store store, String name) {
      Resource model = model(name);
      store.write(tx -> {
        tx.insert(model);
        tx.putTags(model.arn(), Map.of("first", name));
        tx.insert(StoreContract.resource("endpoint", name, Instant.EPOCH, "Creating"));
        tx.putTags(model.arn(), Map.of("second", name));
        return name;
      });
      System.out.println(name);
    }
  }
}
