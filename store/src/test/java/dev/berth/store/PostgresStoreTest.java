package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link PostgresStore} keeps the contract on a real PostgreSQL, alone and beside others. */
class PostgresStoreTest extends StoreContract {
  private static final String OUR_DATABASE =
      "(SELECT oid FROM pg_database WHERE datname = current_database())";
  private static final String LOCKS =
      " FROM pg_locks WHERE locktype = 'advisory' AND database = " + OUR_DATABASE;

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
        String region = "eu-west-" + i;
        starts.add(threads.submit(() -> open(ACCOUNT, region)));
      }
      for (Future<Store> start : starts) {
        try (Store started = start.get()) {
          assertThat(started.list(ListQuery.all("model", 10)).resources()).isEmpty();
        }
      }
    }
  }

  @Test
  void a_second_server_is_refused_and_told_who_the_first_is() {
    assertThatThrownBy(() -> open(ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageStartingWith(
            "account %s in %s of %s is in use by another Berth server (process %d on "
                .formatted(
                    ACCOUNT,
                    REGION,
                    database.replaceFirst("\\?.*", ""),
                    ProcessHandle.current().pid()))
        .hasMessageEndingWith("; stop it, or choose another database, account or region");
  }

  @Test
  void a_second_server_in_a_schema_of_its_own_is_let_in() throws Exception {
    PostgresServer.execute(database, "CREATE SCHEMA other");
    insert(model("alpha", NOON));

    try (Store other = PostgresStore.open(database + "&currentSchema=other", ACCOUNT, REGION)) {
      assertThat(other.find(new ResourceKey("model", "alpha"))).isEmpty();
    }
  }

  @Test
  void a_closed_servers_place_is_free() {
    store().close();

    try (Store next = open(ACCOUNT, REGION)) {
      next.write(inserting(model("alpha", NOON)));
    }
  }

  @Test
  void a_killed_servers_place_is_free() throws Exception {
    store().close();
    Process other = ChildJvm.start(Holder.class, database);
    try (BufferedReader said = other.inputReader()) {
      assertThat(said.readLine()).isEqualTo("claimed");
      assertThatThrownBy(() -> open(ACCOUNT, REGION))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("(process " + other.pid() + " on ");
    } finally {
      other.destroyForcibly().waitFor();
    }

    try (Store next = open(ACCOUNT, REGION)) {
      assertThat(next.list(ListQuery.all("model", 10)).resources()).isEmpty();
    }
  }

  @Test
  void a_server_that_was_cut_off_and_replaced_writes_nothing() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Store> start = threads.submit(() -> open(ACCOUNT, REGION));
      cutOffTheHolderOnceAnotherWaits();

      try (Store other = start.get()) {
        assertThatThrownBy(() -> insert(model("alpha", NOON)))
            .isInstanceOf(StoreException.class)
            .hasMessageContaining("another Berth server has taken over account " + ACCOUNT)
            .hasMessageContaining("nothing was written");
        assertThat(other.find(new ResourceKey("model", "alpha"))).isEmpty();
      }
    }
  }

  @Test
  void who_takes_over_sees_the_write_that_was_under_way() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Store> start = threads.submit(() -> open(ACCOUNT, REGION));
      store()
          .write(tx -> {
            cutOffTheHolderOnceAnotherWaits();
            awaitFirst(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    + " AND query LIKE 'INSERT INTO server %' AND datid = "
                    + OUR_DATABASE,
                "1");
            tx.insert(model("alpha", NOON));
            return "";
          });

      try (Store other = start.get()) {
        assertThat(other.find(new ResourceKey("model", "alpha"))).contains(model("alpha", NOON));
      }
    }
  }

  @Test
  void a_server_that_was_cut_off_takes_its_place_again() throws Exception {
    String before = PostgresServer.first(database, "SELECT pid" + LOCKS);
    cutOffTheHolder();
    insert(model("alpha", NOON)); // nobody else has the place

    awaitFirst("SELECT count(*)" + LOCKS + " AND granted AND pid <> " + before, "1");

    assertThatThrownBy(() -> open(ACCOUNT, REGION)).hasMessageContaining("is in use by");
    insert(model("beta", NOON));
  }

  @Test
  void a_database_of_a_newer_version_is_refused() throws Exception {
    PostgresServer.execute(database, "UPDATE berth_schema SET version = 99");

    assertThatThrownBy(() -> open(ACCOUNT, "eu-west-1"))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("newer Berth (schema 99, this build knows up to 2)");
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

  @ParameterizedTest
  @ValueSource(strings = {"/db?password=hush%", ":one/db?password=hush", "?password=hush"})
  void a_url_that_is_not_understood_is_not_repeated(String rest) {
    assertThatThrownBy(() -> PostgresStore.open("jdbc:postgresql://h" + rest, ACCOUNT, REGION))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("can't be understood")
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

  /** Ends the connection that has the lock as soon as another server waits for it. */
  private void cutOffTheHolderOnceAnotherWaits() {
    awaitFirst("SELECT count(*)" + LOCKS + " AND NOT granted", "1");
    cutOffTheHolder();
  }

  private void cutOffTheHolder() {
    terminate(database, "SELECT pg_terminate_backend(pid)" + LOCKS + " AND granted");
  }

  /** Waits until a query's first column is {@code expected} in its first row. */
  private void awaitFirst(String sql, String expected) {
    await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(PostgresServer.first(database, sql)).isEqualTo(expected));
  }

  private static void terminate(String admin, String kill) {
    try {
      PostgresServer.execute(admin, kill);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A server that has its place until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws Exception {
      try (var _ = PostgresStore.open(args[0], ACCOUNT, REGION)) {
        System.out.println("claimed");
        System.in.read();
      }
    }
  }
}
