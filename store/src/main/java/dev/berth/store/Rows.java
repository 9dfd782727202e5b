package dev.berth.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/** Resources and tags as rows. */
final class Rows {
  static final String COLUMNS = "name, id, arn, created_at, modified_at, status, version, document";
  static final String SCOPE = "account = :account and region = :region and kind = :kind";

  private Rows() {}

  /** The account and region whose rows a store sees. */
  record Scope(String account, String region) {}

  static String key(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  static Resource resource(String kind, ResultSet row) throws SQLException {
    return new Resource(
        new ResourceKey(kind, row.getString("name")),
        row.getString("id"),
        row.getString("arn"),
        Instant.ofEpochMilli(row.getLong("created_at")),
        Instant.ofEpochMilli(row.getLong("modified_at")),
        row.getString("status"),
        row.getLong("version"),
        row.getString("document"));
  }

  static Optional<Resource> find(Handle handle, Scope scope, ResourceKey key) {
    Query query =
        handle
            .createQuery("select " + COLUMNS + " from resource where " + SCOPE + " and key = :key")
            .bind("account", scope.account())
            .bind("region", scope.region())
            .bind("kind", key.kind())
            .bind("key", key(key.name()));
    return query.map((row, _) -> resource(key.kind(), row)).findOne();
  }

  static Map<String, String> tags(Handle handle, String arn) {
    return handle
        .createQuery("select key, value from tag where arn = :arn order by position")
        .bind("arn", arn)
        .reduceRows(
            new java.util.LinkedHashMap<String, String>(),
            (tags, row) -> {
              tags.put(row.getColumn("key", String.class), row.getColumn("value", String.class));
              return tags;
            });
  }
}
