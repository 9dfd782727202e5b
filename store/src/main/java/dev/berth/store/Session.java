package dev.berth.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A connection with its prepared statements, each prepared once. One thread at a time.
 *
 * <p>The texts are few: fixed ones, and one for each combination of filters that lists were asked
 * with.
 */
final class Session implements AutoCloseable {
  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new HashMap<>();

  Session(Connection connection) {
    this.connection = connection;
  }

  /** Returns the connection, to end its transaction. */
  Connection connection() {
    return connection;
  }

  /** Makes a value of the current row. */
  @FunctionalInterface
  interface RowMapper<T> {
    T map(ResultSet row) throws SQLException;
  }

  /** Runs a statement that returns no rows; returns how many rows it changed. */
  int update(String sql, Object... parameters) throws SQLException {
    return run(sql, List.of(parameters), PreparedStatement::executeUpdate);
  }

  /** Returns the mapped rows of a query, in its order. */
  <T> List<T> query(RowMapper<T> mapper, String sql, Object... parameters) throws SQLException {
    return query(mapper, sql, List.of(parameters));
  }

  /** Returns the mapped rows of a query, in its order. */
  <T> List<T> query(RowMapper<T> mapper, String sql, List<?> parameters) throws SQLException {
    return run(
        sql,
        parameters,
        statement -> {
          try (ResultSet row = statement.executeQuery()) {
            var found = new ArrayList<T>();
            while (row.next()) {
              found.add(mapper.map(row));
            }
            return found;
          }
        });
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }

  @SuppressWarnings("resource") // kept for the next time; closed with the connection
  private <T> T run(String sql, List<?> parameters, Execution<T> execution) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
    }
    try {
      bind(statement, parameters);
      return execution.of(statement);
    } catch (SQLException e) {
      statements.remove(sql); // sqlite-jdbc leaves a statement that failed unusable
      closeAfter(e, statement);
      throw e;
    }
  }

  private static void bind(PreparedStatement statement, List<?> parameters) throws SQLException {
    for (int i = 0; i < parameters.size(); i++) {
      switch (parameters.get(i)) {
        case Long number -> statement.setLong(i + 1, number);
        case String text -> statement.setString(i + 1, text);
        case Object other -> throw new IllegalArgumentException("not a column type: " + other);
      }
    }
  }

  private static void closeAfter(SQLException failure, PreparedStatement statement) {
    try {
      statement.close();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  @FunctionalInterface
  private interface Execution<T> {
    T of(PreparedStatement statement) throws SQLException;
  }
}
