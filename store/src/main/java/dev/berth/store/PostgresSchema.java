package dev.berth.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables of a PostgreSQL database. {@code berth_schema} says how many of the scripts were run;
 * all run in one transaction with that number, one server at a time.
 */
final class PostgresSchema {
  /** In order; once released a script is never changed, only followed by another. */
  private static final List<String> SCRIPTS = List.of("postgresql-1.sql", "postgresql-2.sql");

  /** Held while scripts run; "Brth", so that it is no other program's by chance. */
  private static final int ADVISORY_LOCK = 0x42727468;

  /** Reads the catalogue as a table: {@code to_regclass} may answer from before the lock. */
  private static final String COUNT_OURS =
      "SELECT count(*) FROM pg_catalog.pg_tables"
          + " WHERE schemaname = current_schema() AND tablename = 'berth_schema'";

  private PostgresSchema() {}

  /**
   * Brings the database to this build's version.
   *
   * @param database what to call it in messages
   * @throws StoreException when it is a newer build's; it was left as it is then
   */
  static void bringUpToDate(Connection connection, String database) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      if (version(statement, database) == SCRIPTS.size()) {
        connection.rollback();
        return;
      }
      statement.execute("SELECT pg_advisory_xact_lock(" + ADVISORY_LOCK + ")");
      // again: another server may have done it while we waited for the lock
      int version = version(statement, database);
      if (version == 0) {
        statement.execute("CREATE TABLE berth_schema (version INTEGER NOT NULL)");
        statement.execute("INSERT INTO berth_schema VALUES (0)");
      }
      for (int next = version; next < SCRIPTS.size(); next++) {
        statement.execute(Scripts.read(SCRIPTS.get(next)));
      }
      statement.execute("UPDATE berth_schema SET version = " + SCRIPTS.size());
      connection.commit();
    }
  }

  /** Returns how many scripts were run, 0 in a database without our tables. */
  private static int version(Statement statement, String database) throws SQLException {
    if (number(statement, COUNT_OURS) == 0) {
      return 0;
    }
    int version = number(statement, "SELECT version FROM berth_schema");
    if (version > SCRIPTS.size()) {
      throw new StoreException(
          ("%s was written by a newer Berth (schema %d, this build knows up to %d);"
                  + " start that version, or choose another database")
              .formatted(database, version, SCRIPTS.size()));
    }
    return version;
  }

  private static int number(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getInt(1) : 0;
    }
  }
}
