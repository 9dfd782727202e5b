package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteStoreTest extends StoreContract {
  @TempDir Path folder;
  private Store store;

  @BeforeEach
  void open() {
    store = open(folder);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Override
  Store store() {
    return store;
  }

  @Test
  void what_was_written_is_there_after_a_restart() {
    Resource model = insert("model", "m", 0);
    store.close();
    store = open(folder);
    assertThat(store.find(model.key())).contains(model);
  }

  @Test
  void another_region_sees_nothing_of_this_one() {
    Resource model = insert("model", "m", 0);
    store.close();
    try (Store other = SqliteStore.open(folder, "000000000000", "eu-west-1")) {
      assertThat(other.find(model.key())).isEmpty();
    }
    store = open(folder);
  }

  @Test
  void a_failing_work_does_not_harm_its_group() {
    insert("model", "before", 0);
    assertThatThrownBy(() ->
            store.write(_ -> {
              throw new IllegalArgumentException("mine alone");
            }))
        .hasMessage("mine alone");
    assertThat(insert("model", "after", 1)).isNotNull();
  }

  @Test
  void a_corrupt_file_is_named_and_left_as_it_is() throws IOException {
    store.close();
    Path file = folder.resolve("berth.db");
    byte[] garbage = new byte[8192];
    new Random(1).nextBytes(garbage);
    Files.write(file, garbage);
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith("can't open " + file)
        .hasMessageContaining("Nothing was changed");
    assertThat(Files.readAllBytes(file)).isEqualTo(garbage);
  }

  @Test
  void a_file_of_a_newer_berth_is_refused() throws SQLException {
    store.close();
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("berth.db"));
        var statement = connection.createStatement()) {
      statement.execute("pragma user_version = 99");
    }
    assertThatThrownBy(() -> open(folder)).hasMessageContaining("made by a newer Berth");
  }

  @Test
  void a_second_server_on_the_same_folder_is_refused_and_told_who_has_it() {
    try (var first = DataDirectory.open(folder)) {
      assertThatThrownBy(() -> DataDirectory.open(folder))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("%s is in use by another Berth".formatted(first.path()))
          .hasMessageContaining("pid " + ProcessHandle.current().pid());
    }
    DataDirectory.open(folder).close();
  }

  @Test
  void every_write_that_was_acknowledged_survives_a_kill() throws Exception {
    store.close();
    var random = new Random(7);
    for (int round = 0; round < 8; round++) {
      int until = 1 + random.nextInt(300);
      Path data = Files.createDirectories(folder.resolve("round-" + round));
      Process writer =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  KilledWriter.class.getName(),
                  data.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      int acknowledged = 0;
      try (BufferedReader lines = writer.inputReader(StandardCharsets.UTF_8)) {
        while (acknowledged < until && lines.readLine() != null) {
          acknowledged++;
        }
        writer.toHandle().destroyForcibly();
        writer.waitFor();
        while (lines.readLine() != null) {
          acknowledged++;
        }
      }
      assertThat(acknowledged).isGreaterThanOrEqualTo(until);
      try (Store reopened = open(data)) {
        for (int i = 0; i < acknowledged; i++) {
          Resource found = reopened.find(new ResourceKey("model", "m" + i)).orElseThrow();
          assertThat(reopened.tags(found.arn())).containsEntry("number", Integer.toString(i));
        }
      }
    }
    store = open(folder);
  }

  private static Store open(Path folder) {
    return SqliteStore.open(folder, "000000000000", "us-east-1");
  }

  /** Inserts and tags resources until it is killed, and says each one that was acknowledged. */
  static final class KilledWriter {
    public static void main(String[] arguments) {
      Store store = open(Path.of(arguments[0]));
      for (int i = 0; ; i++) {
        Resource resource = resource("model", "m" + i, i);
        String number = Integer.toString(i);
        store.write(tx -> {
          tx.insert(resource);
          tx.putTags(resource.arn(), java.util.Map.of("number", number));
          return 0;
        });
        System.out.println(number);
        System.out.flush();
      }
    }
  }
}
