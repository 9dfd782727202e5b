package dev.berth.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A store in a PostgreSQL database. One server at a time has an account and a region of it, see
 * {@link ServerClaim}; servers of other accounts and regions may share the database.
 */
public final class PostgresStore implements Store {
  private static final int CONNECTIONS = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final PostgresUrl database;
  private final Scope scope;
  private final ServerClaim claim;
  private final HikariDataSource connections;

  /**
   * One for each operation under way; {@link #close} takes all of them before it closes the pool,
   * which would cut connections in use.
   */
  private final Semaphore permits = new Semaphore(CONNECTIONS);

  private volatile boolean isClosed;

  private PostgresStore(
      PostgresUrl database, Scope scope, ServerClaim claim, HikariDataSource connections) {
    this.database = database;
    this.scope = scope;
    this.claim = claim;
    this.connections = connections;
  }

  /**
   * Claims the part of a database that belongs to an account and a region; makes the tables where
   * there are none and brings older ones to this version.
   *
   * @param url {@code jdbc:postgresql://host:port/database?user=…&password=…}; the database is
   *     there and its user may make tables
   * @param account 12 digits
   * @param region such as {@code us-east-1}
   * @throws StoreException when the database can't be reached, is a newer version's, or another
   *     server has this account and region; its message has no password
   */
  public static PostgresStore open(String url, String account, String region) {
    var database = new PostgresUrl(url);
    var scope = new Scope(account, region);
    ServerClaim claim = claim(database, scope);
    try {
      return new PostgresStore(database, scope, claim, pool(database));
    } catch (RuntimeException e) {
      claim.close();
      throw e;
    }
  }

  @Override
  public <T> T write(Work<T> work) {
    return uninterrupted(() -> withSession(session -> commit(session, work)));
  }

  @Override
  public Optional<Resource> find(ResourceKey key) {
    return read(session -> Statements.find(session, scope, key));
  }

  @Override
  public Page list(ListQuery query) {
    ListStatement statement = ListStatement.of(query, scope, Dialect.POSTGRESQL);
    return ListStatement.page(
        query,
        read(session ->
            session.query(Statements::resource, statement.sql(), statement.parameters())));
  }

  @Override
  public Map<String, String> tags(String arn) {
    return read(session -> Statements.tags(session, scope, arn));
  }

  /** Waits for the reads and writes under way, closes every connection and ends the claim. */
  @Override
  public void close() {
    isClosed = true;
    permits.acquireUninterruptibly(CONNECTIONS);
    permits.release(CONNECTIONS);
    connections.close();
    claim.close();
  }

  private <T> T read(SessionPool.Read<T> read) {
    return withSession(session -> {
      T result = read.from(session);
      session.connection().rollback(); // ends what was only read
      return result;
    });
  }

  private <T> T commit(Session session, Work<T> work) throws SQLException {
    Connection connection = session.connection();
    try {
      claim.verify(session);
      T result =
          new SqlTransaction(session, scope, Dialect.POSTGRESQL, e -> failure(database, e))
              .run(work);
      connection.commit();
      return result;
    } catch (SQLException | RuntimeException | Error e) {
      rollBack(connection, e);
      throw e;
    }
  }

  private <T> T withSession(SessionPool.Read<T> use) {
    acquire();
    try {
      if (isClosed) {
        throw new StoreException("the store is closed; nothing was read or written");
      }
      try (Session session = new Session(connections.getConnection())) {
        return use.from(session);
      }
    } catch (SQLException e) {
      throw failure(database, e);
    } finally {
      permits.release();
    }
  }

  private void acquire() {
    try {
      if (!permits.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new StoreException(
            "%d reads and writes are under way and none ended within %s; try again later"
                .formatted(CONNECTIONS, PATIENCE));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting for a connection", e);
    }
  }

  /**
   * Runs a write on a thread nobody interrupts: an interrupt of a virtual thread closes the socket
   * it waits on, and what became of the write would not be known.
   */
  @SuppressWarnings("NullAway") // a result is null only where T may be
  private static <T> T uninterrupted(Write<T> write) {
    var outcome = new Outcome<T>();
    Thread.ofVirtual().name("berth-store-write").start(() -> outcome.take(write));
    outcome.await();
    return switch (outcome.thrown) {
      case null -> outcome.result;
      case Error error -> throw error;
      case RuntimeException exception -> throw exception;
      case Throwable other -> throw new IllegalStateException(other);
    };
  }

  @FunctionalInterface
  private interface Write<T> {
    T run();
  }

  /** What a write came to, handed from its thread to the caller's. */
  private static final class Outcome<T> {
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable T result;
    private @Nullable Throwable thrown;

    @SuppressWarnings("CatchingUnchecked") // whatever a work throws is its caller's
    void take(Write<T> write) {
      try {
        result = write.run();
      } catch (Throwable e) {
        thrown = e;
      } finally {
        done.countDown();
      }
    }

    void await() {
      boolean isInterrupted = false;
      while (done.getCount() > 0) {
        try {
          done.await();
        } catch (InterruptedException _) {
          isInterrupted = true;
        }
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static ServerClaim claim(PostgresUrl database, Scope scope) {
    try {
      return new ServerClaim(database, scope);
    } catch (SQLException e) {
      String state = e.getSQLState() == null ? "" : e.getSQLState();
      throw switch (state.length() < 2 ? "" : state.substring(0, 2)) {
        case "08", "28", "3D" -> unreachable(database, e);
        default -> failure(database, e);
      };
    }
  }

  private static HikariDataSource pool(PostgresUrl database) {
    var config = new HikariConfig();
    config.setJdbcUrl(database.value());
    config.setPoolName("berth-store");
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(1);
    config.setAutoCommit(false);
    config.setConnectionTimeout(PATIENCE.toMillis());
    config.setConnectionInitSql(PostgresUrl.NOTICE_OUR_DEATH);
    config.setDataSourceProperties(PostgresUrl.properties("berth"));
    try {
      return new HikariDataSource(config);
    } catch (PoolInitializationException e) {
      throw unreachable(database, e.getCause() == null ? e : e.getCause());
    }
  }

  private static void rollBack(Connection connection, Throwable thrown) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      thrown.addSuppressed(e); // the connection is broken, and the database rolls back by itself
    }
  }

  private static StoreException unreachable(PostgresUrl database, Throwable e) {
    String why = e.getCause() == null ? e.getMessage() : e.getMessage() + " " + e.getCause();
    return new StoreException(
        "%s cannot be reached: %s; look at host, port, database, user and password"
            .formatted(database, why),
        e);
  }

  private static StoreException failure(PostgresUrl database, SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String advice =
        switch (state.length() < 2 ? "" : state.substring(0, 2)) {
          case "08", "57" -> "the connection broke; whether a write was kept is to be looked up";
          case "40" -> "another server changed the same at the same time; try again";
          case "53" -> "the database has no room or connections left; nothing was kept";
          case "28", "42" -> "the user may not do this, or the tables are not ours";
          default -> "nothing was kept";
        };
    return new StoreException(
        "%s: %s (%s, SQLSTATE %s)".formatted(database, advice, e.getMessage(), state), e);
  }
}
