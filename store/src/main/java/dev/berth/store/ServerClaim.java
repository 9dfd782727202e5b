package dev.berth.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's claim to an account and a region of a PostgreSQL database, which one server has at a
 * time.
 *
 * <p>An advisory lock on a connection of its own says who may start; the database frees it when the
 * connection ends, however the process ends. A connection may also end unnoticed while the process
 * lives, so a token in a row says who may write: each write reads it and holds it until the commit,
 * and a server that gets the lock replaces it. Until another server does, writes go on, and a
 * thread of the claim takes the lock again.
 */
final class ServerClaim implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerClaim.class);
  private static final Duration HEARTBEAT = Duration.ofSeconds(5);

  /** How long a lock is waited for: a process killed just now may not have been noticed yet. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final int MAX_APPLICATION_NAME = 63;

  private static final String HOLDER =
      "SELECT application_name || coalesce(' at ' || host(client_addr), '')"
          + " FROM pg_catalog.pg_locks JOIN pg_catalog.pg_stat_activity USING (pid)"
          + " WHERE locktype = 'advisory' AND granted AND objsubid = 1"
          + " AND (classid::bigint << 32 | objid::bigint) = ?"
          + " AND database = (SELECT oid FROM pg_catalog.pg_database"
          + " WHERE datname = current_database())";
  private static final String PUT_TOKEN =
      "INSERT INTO server (account, region, token) VALUES (?, ?, ?)"
          + " ON CONFLICT (account, region) DO UPDATE SET token = excluded.token";
  private static final String TOKEN = "SELECT token FROM server WHERE account = ? AND region = ?";

  /** A token that stays until the transaction ends. */
  private static final String HELD_TOKEN = TOKEN + " FOR SHARE";

  private final PostgresUrl url;
  private final Scope scope;
  private final String token = UUID.randomUUID().toString();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread keeper;

  /** Has the lock, or is broken; the keeper's once it runs. */
  private Session session;

  /**
   * Claims an account and a region, and brings the tables up to date.
   *
   * @throws StoreException when another server has them; nothing was changed then
   */
  @SuppressWarnings("resource") // the session closes its connection
  ServerClaim(PostgresUrl url, Scope scope) throws SQLException {
    this.url = url;
    this.scope = scope;
    Connection connection = url.connect(applicationName());
    this.session = new Session(connection);
    try {
      lock();
      PostgresSchema.bringUpToDate(connection, url.toString());
      connection.setAutoCommit(true);
      session.update(PUT_TOKEN, scope.account(), scope.region(), token);
    } catch (SQLException | RuntimeException e) {
      session.close();
      throw e;
    }
    this.keeper = Thread.ofPlatform().name("berth-store-claim").daemon().start(this::keep);
  }

  /**
   * Has the transaction of {@code writer} be one of the claim's: no other server takes over before
   * it ended.
   *
   * @throws StoreException when one has
   */
  void verify(Session writer) throws SQLException {
    if (!hasToken(HELD_TOKEN, writer)) {
      throw new StoreException(takenOver() + "; nothing was written");
    }
  }

  /** Frees the account and the region for another server. */
  @Override
  public void close() {
    closing.countDown();
    boolean isInterrupted = false;
    while (keeper.isAlive()) {
      try {
        keeper.join();
      } catch (InterruptedException _) {
        isInterrupted = true;
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void keep() {
    try {
      while (!closing.await(HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS)) {
        if (!isAlive() && !regain()) {
          LOG.error("{}; this one writes nothing any more: stop it", takenOver());
          return;
        }
      }
      session.query(row -> "", "SELECT pg_advisory_unlock_all()"); // now; an end takes a moment
    } catch (InterruptedException e) {
      throw new IllegalStateException("only close() ends the keeper", e);
    } catch (SQLException _) {
      // the lock goes with the connection
    } finally {
      closeSession();
    }
  }

  private boolean isAlive() {
    try {
      session.query(row -> "", "SELECT 1");
      return true;
    } catch (SQLException _) {
      return false;
    }
  }

  /** Takes the lock again; returns false when another server has taken over. */
  @SuppressWarnings("resource") // the session closes its connection
  private boolean regain() {
    closeSession();
    try {
      session = new Session(url.connect(applicationName()));
      if (!hasToken(TOKEN, session)) {
        return false;
      }
      lock();
      if (!hasToken(TOKEN, session)) { // another had the lock for a moment in between
        return false;
      }
      LOG.warn("{}: the connection with the server's lock broke; the lock is held again", url);
    } catch (SQLException | StoreException e) {
      LOG.warn(
          "{}: the connection with the server's lock broke, next try in {}: {}",
          url,
          HEARTBEAT,
          e.getMessage());
      closeSession();
    }
    return true;
  }

  private boolean hasToken(String select, Session asking) throws SQLException {
    return asking
        .query(row -> row.getString(1), select, scope.account(), scope.region())
        .equals(List.of(token));
  }

  private void lock() throws SQLException {
    long key = key(session.query(row -> row.getString(1), "SELECT current_schema()").getFirst());
    session.update("SET lock_timeout = " + PATIENCE.toMillis());
    try {
      session.query(row -> "", "SELECT pg_advisory_lock(?)", key);
    } catch (SQLException e) {
      if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        throw inUse(session.query(row -> row.getString(1), HOLDER, key));
      }
      throw e;
    }
    session.update("SET lock_timeout = 0");
  }

  /** Returns a number that no other program takes by chance. */
  private long key(String schema) {
    try {
      String name = "Berth %s %s %s".formatted(scope.account(), scope.region(), schema);
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(name.getBytes(UTF_8)))
          .getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private StoreException inUse(List<String> holders) {
    return new StoreException(
        "account %s in %s of %s is in use by another Berth server (%s);"
                .formatted(
                    scope.account(),
                    scope.region(),
                    url,
                    holders.isEmpty() ? "unknown" : holders.getFirst())
            + " stop it, or choose another database, account or region");
  }

  private String takenOver() {
    return "another Berth server has taken over account %s in %s of %s"
        .formatted(scope.account(), scope.region(), url);
  }

  private void closeSession() {
    try {
      session.close();
    } catch (SQLException _) {
      // broken, and that ends it too
    }
  }

  /** Returns what others are told of the holder: this process and its machine. */
  private static String applicationName() {
    String name = "process %d on %s".formatted(ProcessHandle.current().pid(), hostName());
    return name.substring(0, Math.min(name.length(), MAX_APPLICATION_NAME));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "a machine without a name";
    }
  }
}
