package dev.berth.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteException;

/**
 * A store in one SQLite file. A write is flushed to the disk before it returns; reads go on beside
 * it and see what was committed when they began. One process at a time: see {@link DataDirectory}.
 */
public final class SqliteStore implements Store {
  private static final String FILE = "berth.db";
  private static final int READERS = 4;
  private static final int BUSY_TIMEOUT_MILLIS = 10_000;

  private final Scope scope;
  private final GroupCommit writes;
  private final SessionPool reads;

  private SqliteStore(Scope scope, GroupCommit writes, SessionPool reads) {
    this.scope = scope;
    this.writes = writes;
    this.reads = reads;
  }

  /**
   * Opens the part of a folder's database that belongs to an account and a region; makes the file
   * where there is none and brings an older one to this version.
   *
   * @param folder is there, and no other process has it: {@link DataDirectory}
   * @param account 12 digits
   * @param region such as {@code us-east-1}
   * @throws StoreException when the file is damaged, another program's, a newer version's, or
   *     cannot be written; nothing was changed then
   */
  public static SqliteStore open(Path folder, String account, String region) {
    Path path = folder.toAbsolutePath().resolve(FILE);
    var scope = new Scope(account, region);
    try {
      Session writer = writer(path);
      return new SqliteStore(
          scope,
          new GroupCommit(writer, scope, e -> failure(path, e)),
          new SessionPool(READERS, () -> reader(path), e -> failure(path, e)));
    } catch (SQLException e) {
      throw failure(path, e);
    }
  }

  @Override
  public <T> T write(Work<T> work) {
    return writes.write(work);
  }

  @Override
  public Optional<Resource> find(ResourceKey key) {
    return read(session -> Statements.find(session, scope, key));
  }

  @Override
  public Page list(ListQuery query) {
    ListStatement statement = ListStatement.of(query, scope, Dialect.SQLITE);
    return ListStatement.page(
        query,
        read(session ->
            session.query(Statements::resource, statement.sql(), statement.parameters())));
  }

  @Override
  public Map<String, String> tags(String arn) {
    return read(session -> Statements.tags(session, scope, arn));
  }

  /** Ends the writes that were accepted and the reads under way, and closes the file. */
  @Override
  public void close() {
    try {
      reads.close();
    } finally {
      writes.close(); // last: whoever leaves last folds the log into the file, and must be a writer
    }
  }

  private <T> T read(SessionPool.Read<T> read) {
    writes.refuseWriter();
    return reads.read(read);
  }

  /** Returns the session that writes; the file has this build's tables then. */
  @SuppressWarnings("resource") // the session closes its connection
  static Session writer(Path file) throws SQLException {
    var config = new SQLiteConfig();
    config.setSynchronous(SynchronousMode.FULL);
    config.enforceForeignKeys(true);
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    Connection connection = config.createConnection("jdbc:sqlite:" + file);
    try {
      SqliteSchema.bringUpToDate(connection, file);
      return new Session(connection);
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  @SuppressWarnings("resource") // the session closes its connection
  private static Session reader(Path file) throws SQLException {
    var config = new SQLiteConfig();
    config.setReadOnly(true);
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    return new Session(config.createConnection("jdbc:sqlite:" + file));
  }

  /** Says which file, what SQLite said and what to do. */
  private static StoreException failure(Path file, SQLException e) {
    String advice =
        e instanceof SQLiteException sqlite
            ? switch (sqlite.getResultCode().name().replaceFirst("^(SQLITE_[A-Z]+)_.*", "$1")) {
              case "SQLITE_CORRUPT", "SQLITE_NOTADB" ->
                  ("the file is damaged and was left as it is; put a backup in its place, or move"
                          + " it away together with its -wal and -shm files and save what can be"
                          + " read with: sqlite3 %s .recover")
                      .formatted(file.getFileName());
              case "SQLITE_FULL" ->
                  "the disk is full and the write was not kept; make room and try again";
              case "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM" ->
                  "the file and its folder must be there and writable for user "
                      + System.getProperty("user.name");
              case "SQLITE_BUSY", "SQLITE_LOCKED" ->
                  "another process has the file; stop it or try again later";
              default -> "the write, if it was one, was not kept; look at the disk and try again";
            }
            : "this was not expected of it";
    return new StoreException("%s: %s (%s)".formatted(file, advice, e.getMessage()), e);
  }
}
