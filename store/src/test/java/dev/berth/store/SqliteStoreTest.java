package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link SqliteStore} keeps the contract, and its file's faults get clear errors. */
class SqliteStoreTest extends StoreContract {
  @TempDir private Path folder;

  @Override
  Store open(String account, String region) {
    return SqliteStore.open(folder, account, region);
  }

  @Test
  void writes_are_flushed_to_disk_in_write_ahead_mode() throws Exception {
    closeStore();
    try (Session writer = SqliteStore.writer(file())) {
      assertThat(writer.query(row -> row.getInt(1), "PRAGMA synchronous")).containsExactly(2);
      assertThat(writer.query(row -> row.getString(1), "PRAGMA journal_mode"))
          .containsExactly("wal");
    }
  }

  @Test
  void every_order_is_walked_along_an_index_without_sorting() throws Exception {
    var scope = new Scope(ACCOUNT, REGION);
    try (Session session = SqliteStore.writer(file())) {
      for (ListQuery.SortBy sortBy : ListQuery.SortBy.values()) {
        ListQuery first = query(sortBy, true, 10);
        ListQuery next = first.from(Optional.of(new ListQuery.Position("1", "a")));
        for (ListQuery query : List.of(first, next)) {
          var statement = ListStatement.of(query, scope, Dialect.SQLITE);
          List<String> plan =
              session.query(
                  row -> row.getString("detail"),
                  "EXPLAIN QUERY PLAN " + statement.sql(),
                  statement.parameters());
          assertThat(plan).singleElement().asString().startsWith("SEARCH resource USING INDEX");
        }
      }
    }
  }

  @Test
  void the_parts_of_a_resource_are_walked_along_an_index_of_their_own() throws Exception {
    var scope = new Scope(ACCOUNT, REGION);
    try (Session session = SqliteStore.writer(file())) {
      for (var sortBy : List.of(ListQuery.SortBy.NAME, ListQuery.SortBy.CREATION_TIME)) {
        var statement =
            ListStatement.of(query(sortBy, true, 10).within("group"), scope, Dialect.SQLITE);
        List<String> plan =
            session.query(
                row -> row.getString("detail"),
                "EXPLAIN QUERY PLAN " + statement.sql(),
                statement.parameters());
        assertThat(plan)
            .singleElement()
            .asString()
            .contains("USING INDEX resource_by_parent")
            .contains("parent=?");
      }
    }
  }

  @Test
  void a_file_of_the_first_version_is_brought_to_this_one_with_all_it_holds() throws Exception {
    Resource model = model("alpha", NOON);
    closeStore();
    Files.delete(file());
    execute(
        file(),
        Scripts.read("sqlite-1.sql")
            + "; PRAGMA application_id = 0x42727468; PRAGMA user_version = 1;"
            + " INSERT INTO resource VALUES ('%s', '%s', 'model', 'alpha', 'alpha', '%s', '%s', %d,"
                .formatted(ACCOUNT, REGION, model.id(), model.arn(), NOON.toEpochMilli())
            + " %d, '', 1, '%s')".formatted(NOON.toEpochMilli(), model.document()));

    try (Store upgraded = open(ACCOUNT, REGION)) {
      assertThat(upgraded.find(model.key())).contains(model);
    }
  }

  @Test
  void a_work_that_calls_the_store_is_told_not_to() {
    assertThatThrownBy(() -> store().write(_ -> store().tags("arn:x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("must use the transaction");
    assertThatThrownBy(() -> store().write(_ -> store().<String>write(_ -> "")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("must use the transaction");
  }

  @Test
  void an_interrupted_caller_whose_write_has_not_begun_takes_it_back() throws Exception {
    var isBegun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> slow =
          threads.submit(() ->
              store()
                  .write(_ -> {
                    isBegun.countDown();
                    awaitLatch(mayEnd);
                    return "done";
                  }));
      isBegun.await();
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> insert(model("alpha", NOON)))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("nothing was written");
      assertThat(Thread.interrupted()).isTrue();
      mayEnd.countDown();
      assertThat(slow.get()).isEqualTo("done");
    }

    assertThat(store().find(new ResourceKey("model", "alpha"))).isEmpty();
  }

  @Test
  void a_damaged_file_is_named_and_left_as_it_is() throws Exception {
    Path damaged = Files.createDirectory(folder.resolve("damaged")).resolve("berth.db");
    byte[] garbage = new byte[8192];
    Arrays.fill(garbage, (byte) 'x');
    Files.write(damaged, garbage);

    assertThatThrownBy(() -> SqliteStore.open(damaged.getParent(), ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(damaged.toString())
        .hasMessageContaining("SQLITE_NOTADB")
        .hasMessageContaining("put a backup in its place");
    assertThat(damaged).hasBinaryContent(garbage);
  }

  @Test
  void a_file_damaged_in_the_middle_says_so_when_it_is_read() throws Exception {
    for (int i = 0; i < 300; i++) {
      insert(model("m-" + i, NOON));
    }
    closeStore();
    byte[] content = Files.readAllBytes(file());
    Arrays.fill(content, 4096, content.length, (byte) 0x5a);
    Files.write(file(), content);

    try (Store store = open(ACCOUNT, REGION)) {
      assertThatThrownBy(() -> store.list(ListQuery.all("model", 10)))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(file().toString())
          .hasMessageContaining("the file is damaged");
    }
  }

  @Test
  void a_file_of_a_newer_version_is_refused() throws Exception {
    closeStore();
    execute(file(), "PRAGMA user_version = 99");

    assertThatThrownBy(() -> open(ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file().toString())
        .hasMessageContaining("newer Berth (schema 99, this build knows up to 2)");
  }

  @Test
  void another_programs_database_is_refused_and_left_as_it_is() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other")).resolve("berth.db");
    execute(other, "CREATE TABLE theirs (a)");
    byte[] before = Files.readAllBytes(other);

    assertThatThrownBy(() -> SqliteStore.open(other.getParent(), ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("another program's SQLite database");
    assertThat(other).hasBinaryContent(before);
  }

  @Test
  void a_file_in_a_folder_that_is_not_there_is_refused() {
    Path lost = folder.resolve("no-such-folder");

    assertThatThrownBy(() -> SqliteStore.open(lost, ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(lost.toString());
  }

  @Test
  void a_folder_that_cannot_be_written_is_refused() throws Exception {
    Path readOnly = Files.createDirectory(folder.resolve("read-only"));
    Files.setPosixFilePermissions(readOnly, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeThat(Files.isWritable(readOnly)).as("root writes everywhere").isFalse();

    assertThatThrownBy(() -> SqliteStore.open(readOnly, ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("writable for user");
  }

  @Test
  void a_disk_that_cannot_be_written_is_refused() throws Exception {
    try (var disk = SmallDisk.mount(folder.resolve("disk"), 1_000_000)) {
      SqliteStore.open(disk.path(), ACCOUNT, REGION).close();
      disk.makeReadOnly();

      assertThatThrownBy(() -> SqliteStore.open(disk.path(), ACCOUNT, REGION))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining(disk.path().resolve("berth.db").toString())
          .hasMessageContaining("writable for user");
      assertThatThrownBy(() -> DataDirectory.open(disk.path()))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("must be writable for user");
    }
  }

  @Test
  void a_closed_store_leaves_one_file() {
    insert(model("alpha", NOON));
    assertThat(store().find(new ResourceKey("model", "alpha"))).isPresent();

    closeStore();

    assertThat(folder).isDirectoryNotContaining("glob:**-wal").isDirectoryContaining("glob:**.db");
  }

  @Test
  void a_full_disk_fails_the_write_and_not_the_ones_after_there_is_room() throws Exception {
    try (var disk = SmallDisk.mount(folder.resolve("disk"), 2_000_000);
        Store store = SqliteStore.open(disk.path(), ACCOUNT, REGION)) {
      Path ballast = disk.path().resolve("ballast");
      store.write(inserting(model("before", NOON)));
      Files.write(ballast, new byte[1_000_000]);
      Resource large = model("large", NOON).with("", "x".repeat(1_500_000), NOON);

      assertThatThrownBy(() -> store.write(inserting(large)))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("the disk is full and the write was not kept");
      assertThat(store.find(large.key())).isEmpty();

      Files.delete(ballast);
      store.write(inserting(model("after", NOON)));
      assertThat(store.list(query(ListQuery.SortBy.NAME, false, 10)).resources())
          .containsExactly(model("after", NOON), model("before", NOON));
    }
  }

  @Test
  void a_work_that_swallows_a_full_disk_keeps_nothing() throws Exception {
    try (var disk = SmallDisk.mount(folder.resolve("disk"), 1_000_000);
        Store store = SqliteStore.open(disk.path(), ACCOUNT, REGION)) {
      Resource large = model("large", NOON).with("", "x".repeat(3_000_000), NOON);

      assertThatThrownBy(() ->
              store.write(tx -> {
                tx.insert(model("first", NOON));
                try {
                  tx.insert(large);
                  tx.putTags("arn:x", Map.of("a", "1"));
                } catch (StoreException _) {
                  // as if nothing were
                }
                return "";
              }))
          .isInstanceOf(StoreException.class);
      assertThat(store.list(ListQuery.all("model", 10)).resources()).isEmpty();
    }
  }

  private Path file() {
    return folder.resolve("berth.db");
  }

  private static void execute(Path file, String sql) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
      connection.createStatement().executeUpdate(sql);
    }
  }
}
