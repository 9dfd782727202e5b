package dev.berth.store;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables of a SQLite file. Its {@code user_version} says how many of the scripts were run; each
 * runs in one transaction with that number, so a file is always at a whole version.
 */
final class SqliteSchema {
  /** In order; once released a script is never changed, only followed by another. */
  private static final List<String> SCRIPTS = List.of("sqlite-1.sql", "sqlite-2.sql");

  /** Marks a file as ours: "Brth", in SQLite's {@code application_id}. */
  private static final int APPLICATION_ID = 0x42727468;

  private SqliteSchema() {}

  /**
   * Puts the file in write-ahead mode and brings it to this build's version.
   *
   * @throws StoreException when the file is another program's or a newer build's; it was left as it
   *     is then
   */
  static void bringUpToDate(Connection connection, Path file) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      int version = version(statement, file);
      writeAhead(statement, file);
      if (version == SCRIPTS.size()) {
        return;
      }
      statement.execute("BEGIN EXCLUSIVE");
      try {
        // again: another process may have done it while we waited for the lock
        for (int next = version(statement, file); next < SCRIPTS.size(); next++) {
          statement.executeUpdate(Scripts.read(SCRIPTS.get(next)));
        }
        statement.executeUpdate("PRAGMA application_id = " + APPLICATION_ID);
        statement.executeUpdate("PRAGMA user_version = " + SCRIPTS.size());
        statement.execute("COMMIT");
      } catch (SQLException | RuntimeException e) {
        statement.execute("ROLLBACK");
        throw e;
      }
    }
  }

  private static void writeAhead(Statement statement, Path file) throws SQLException {
    try (ResultSet row = statement.executeQuery("PRAGMA journal_mode = WAL")) {
      if (!row.next() || !row.getString(1).equals("wal")) {
        throw new StoreException(
            "%s: its file system has no shared memory (is it a network folder?); choose another"
                .formatted(file));
      }
    }
  }

  /** Returns how many scripts were run on the file, after a look at whose it is. */
  private static int version(Statement statement, Path file) throws SQLException {
    int version = number(statement, "PRAGMA user_version");
    int application = number(statement, "PRAGMA application_id");
    boolean isNew =
        version == 0
            && application == 0
            && number(statement, "SELECT count(*) FROM sqlite_schema") == 0;
    if (!isNew && application != APPLICATION_ID) {
      throw new StoreException(
          "%s is another program's SQLite database; choose another data folder".formatted(file));
    }
    if (version > SCRIPTS.size()) {
      throw new StoreException(
          ("%s was written by a newer Berth (schema %d, this build knows up to %d);"
                  + " start that version, or choose another data folder")
              .formatted(file, version, SCRIPTS.size()));
    }
    return version;
  }

  private static int number(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getInt(1) : 0;
    }
  }
}
