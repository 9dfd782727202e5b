package dev.berth.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What reads and transactions ask the database in the same words. */
final class Statements {
  static final String COLUMNS =
      "kind, name, id, arn, created_at, modified_at, status, parent, version, document";

  private static final String FIND =
      "SELECT "
          + COLUMNS
          + " FROM resource WHERE account = ? AND region = ? AND kind = ? AND name_key = ?";

  private static final String TAGS =
      "SELECT tag_key, tag_value FROM tag WHERE account = ? AND region = ? AND arn = ?"
          + " ORDER BY seq";

  private Statements() {}

  static Optional<Resource> find(Session session, Scope scope, ResourceKey key)
      throws SQLException {
    return find(session, scope, key, FIND);
  }

  /** As {@link #find}, and no other transaction changes or locks the row before this one ends. */
  static Optional<Resource> lock(Session session, Scope scope, Dialect dialect, ResourceKey key)
      throws SQLException {
    return switch (dialect) {
      case SQLITE -> find(session, scope, key); // has one writer at a time
      case POSTGRESQL -> find(session, scope, key, FIND + " FOR UPDATE");
    };
  }

  private static Optional<Resource> find(
      Session session, Scope scope, ResourceKey key, String statement) throws SQLException {
    return session
        .query(
            Statements::resource,
            statement,
            scope.account(),
            scope.region(),
            key.kind(),
            nameKey(key.name()))
        .stream()
        .findFirst();
  }

  static Map<String, String> tags(Session session, Scope scope, String arn) throws SQLException {
    var tags = new LinkedHashMap<String, String>();
    session
        .query(
            row -> Map.entry(row.getString(1), row.getString(2)),
            TAGS,
            scope.account(),
            scope.region(),
            arn)
        .forEach(tag -> tags.put(tag.getKey(), tag.getValue()));
    return tags;
  }

  /** Returns the resource in a row of {@link #COLUMNS}. */
  static Resource resource(ResultSet row) throws SQLException {
    return new Resource(
        new ResourceKey(row.getString(1), row.getString(2)),
        row.getString(3),
        row.getString(4),
        Instant.ofEpochMilli(row.getLong(5)),
        Instant.ofEpochMilli(row.getLong(6)),
        row.getString(7),
        row.getString(8),
        row.getLong(9),
        row.getString(10));
  }

  /** Returns what two names have in common when they are the same name. */
  static String nameKey(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
