package dev.berth.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.berth.store.Rows.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * A store in one SQLite file: write-ahead log, every commit on disk before it is acknowledged
 * ({@code synchronous=FULL}). Writes go through one {@link GroupCommit}; reads have connections of
 * their own and are never blocked by a write.
 */
public final class SqliteStore implements Store {
  private static final String FILE = "berth.db";
  private static final int SCHEMA = 1;
  private static final int READERS = 4;
  private static final int BUSY_MILLIS = 10_000;

  private final Scope scope;
  private final HikariDataSource readers;
  private final Jdbi reading;
  private final GroupCommit writer;

  private SqliteStore(Scope scope, HikariDataSource readers, GroupCommit writer) {
    this.scope = scope;
    this.readers = readers;
    this.reading = Jdbi.create(readers);
    this.writer = writer;
  }

  /**
   * Opens the store in a folder, making it where there is none.
   *
   * @param folder an existing folder, held by this process alone ({@link DataDirectory})
   * @param account account whose resources to see
   * @param region region whose resources to see
   * @throws StoreException when the file is broken, newer than this build, or can't be written
   */
  public static SqliteStore open(Path folder, String account, String region) {
    Path file = folder.resolve(FILE);
    var scope = new Scope(account, region);
    Connection writing = null;
    try {
      writing = dataSource(file, false).getConnection();
      migrate(writing, file);
      var pool = new HikariConfig();
      pool.setDataSource(dataSource(file, true));
      pool.setMaximumPoolSize(READERS);
      pool.setMinimumIdle(1);
      pool.setPoolName("store-readers");
      pool.setReadOnly(true);
      pool.setInitializationFailTimeout(-1);
      return new SqliteStore(
          scope, new HikariDataSource(pool), new GroupCommit(writing, scope, file));
    } catch (SQLException | IOException e) {
      closeQuietly(writing);
      throw new StoreException(
          "can't open %s: %s. Nothing was changed. If the file is damaged, put a copy of it (with -wal and -shm) aside and restore a backup, or start with another --data-dir"
              .formatted(file, e.getMessage()),
          e);
    } catch (StoreException e) {
      closeQuietly(writing);
      throw e;
    }
  }

  @Override
  public <T> T write(Work<T> work) {
    return writer.write(work);
  }

  @Override
  public Optional<Resource> find(ResourceKey key) {
    return read(handle -> Rows.find(handle, scope, key));
  }

  @Override
  public Page list(ListQuery query) {
    return read(handle -> ListStatement.run(handle, scope, query));
  }

  @Override
  public Map<String, String> tags(String arn) {
    return read(handle -> Rows.tags(handle, arn));
  }

  @Override
  public void close() {
    writer.close();
    readers.close();
  }

  /** What a read does with a connection. */
  @FunctionalInterface
  private interface Read<T> {
    T with(Handle handle);
  }

  private <T> T read(Read<T> read) {
    try (Handle handle = reading.open()) {
      return read.with(handle);
    } catch (JdbiException e) {
      throw new StoreException("the store can't be read: " + e.getMessage(), e);
    }
  }

  private static SQLiteDataSource dataSource(Path file, boolean isReadOnly) {
    var config = new SQLiteConfig();
    config.setBusyTimeout(BUSY_MILLIS);
    config.setReadOnly(isReadOnly);
    if (!isReadOnly) {
      config.setJournalMode(SQLiteConfig.JournalMode.WAL);
      config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    }
    var source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + file);
    return source;
  }

  private static void migrate(Connection connection, Path file) throws SQLException, IOException {
    int version;
    try (var statement = connection.createStatement();
        var row = statement.executeQuery("pragma user_version")) {
      version = row.getInt(1);
    }
    if (version > SCHEMA) {
      throw new StoreException(
          "%s has schema %d, made by a newer Berth; this one knows %d. Start the newer Berth, or another --data-dir"
              .formatted(file, version, SCHEMA));
    }
    try (var statement = connection.createStatement();
        var row = statement.executeQuery("pragma quick_check(1)")) {
      String verdict = row.getString(1);
      if (!"ok".equals(verdict)) {
        throw new SQLException(verdict);
      }
    }
    if (version == SCHEMA) {
      return;
    }
    connection.setAutoCommit(false);
    try (var statement = connection.createStatement()) {
      for (int next = version + 1; next <= SCHEMA; next++) {
        for (String sql : script(next).split(";\\s*\n", -1)) {
          if (!sql.isBlank()) {
            statement.execute(sql);
          }
        }
      }
      statement.execute("pragma user_version = " + SCHEMA);
    }
    connection.commit();
  }

  private static String script(int version) throws IOException {
    String name = "sqlite-%d.sql".formatted(version);
    try (InputStream in =
        Objects.requireNonNull(SqliteStore.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void closeQuietly(@org.jspecify.annotations.Nullable Connection connection) {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException _) {
        // The failure that led here is the one to tell.
      }
    }
  }
}
