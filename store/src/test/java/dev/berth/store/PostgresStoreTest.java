package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@link PostgresStore} keeps the contract on a real PostgreSQL, alone and beside others. */
class PostgresStoreTest extends StoreContract {
  private static PostgresServer server;

  private String database;

  @BeforeAll
  static void startServer() throws Exception {
    server = PostgresServer.start();
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  @Override
  void openStore() {
    try {
      database = server.database();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    super.openStore();
  }

  @Override
  Store open(String account, String region) {
    return PostgresStore.open(database, account, region);
  }

  @Test
  void servers_that_start_together_make_the_tables_once() throws Exception {
    database = server.database();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var starts = new ArrayList<Future<Store>>();
      for (int i = 0; i < 8; i++) {
        starts.add(threads.submit(() -> open(ACCOUNT, REGION)));
      }
      for (Future<Store> start : starts) {
        try (Store started = start.get()) {
          assertThat(started.list(ListQuery.all("model", 10)).resources()).isEmpty();
        }
      }
    }
  }

  @Test
  void two_servers_see_what_the_other_wrote() {
    try (Store other = open(ACCOUNT, REGION)) {
      insert(model("alpha", NOON));

      assertThat(other.find(new ResourceKey("model", "ALPHA"))).contains(model("alpha", NOON));
    }
  }

  @Test
  void a_name_taken_by_another_server_is_refused() {
    try (Store other = open(ACCOUNT, REGION)) {
      other.write(inserting(model("alpha", NOON)));

      assertThatThrownBy(() -> insert(model("Alpha", NOON)))
          .isInstanceOf(Transaction.ResourceExistsException.class);
    }
  }

  @Test
  void a_database_of_a_newer_version_is_refused() throws Exception {
    PostgresServer.execute(database, "UPDATE berth_schema SET version = 99");

    assertThatThrownBy(() -> open(ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("newer Berth (schema 99, this build knows up to 1)");
  }

  @Test
  void a_database_that_is_not_there_is_named_without_its_secrets() {
    String missing = server.url("no_such_database") + "&password=hush";

    assertThatThrownBy(() -> PostgresStore.open(missing, ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("/no_such_database cannot be reached")
        .message()
        .doesNotContain("hush");
  }

  @Test
  void a_broken_connection_fails_its_write_and_not_the_next() throws Exception {
    String admin = server.url("postgres");
    String kill =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
            .formatted(database.replaceAll(".*/|\\?.*", ""));

    assertThatThrownBy(() ->
            store()
                .write(tx -> {
                  tx.insert(model("alpha", NOON));
                  terminate(admin, kill);
                  tx.insert(model("beta", NOON));
                  return "";
                }))
        .isInstanceOf(StoreException.class);

    insert(model("gamma", NOON));
    assertThat(store().list(ListQuery.all("model", 10)).resources())
        .containsExactly(model("gamma", NOON));
  }

  private static void terminate(String admin, String kill) {
    try {
      PostgresServer.execute(admin, kill);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
