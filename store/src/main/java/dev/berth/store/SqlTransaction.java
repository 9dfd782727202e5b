package dev.berth.store;

import java.sql.SQLException;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One write's statements. After a statement the database refused, nothing more is accepted: the
 * database may have ended the transaction, and what follows would be kept on its own.
 */
final class SqlTransaction implements Transaction {
  private static final String INSERT =
      "INSERT INTO resource (account, region, name_key, "
          + Statements.COLUMNS
          + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING";
  private static final String UPDATE =
      "UPDATE resource SET status = ?, document = ?, modified_at = ?, version = version + 1"
          + " WHERE account = ? AND region = ? AND kind = ? AND name_key = ? AND id = ?"
          + " AND version = ?";
  private static final String DELETE =
      "DELETE FROM resource WHERE account = ? AND region = ? AND kind = ? AND name_key = ?"
          + " RETURNING arn";
  private static final String PUT_TAG =
      "INSERT INTO tag (account, region, arn, tag_key, tag_value) VALUES (?, ?, ?, ?, ?)"
          + " ON CONFLICT (account, region, arn, tag_key) DO UPDATE"
          + " SET tag_value = excluded.tag_value";
  private static final String REMOVE_TAG =
      "DELETE FROM tag WHERE account = ? AND region = ? AND arn = ? AND tag_key = ?";
  private static final String REMOVE_TAGS =
      "DELETE FROM tag WHERE account = ? AND region = ? AND arn = ?";

  private final Session session;
  private final Scope scope;
  private final Dialect dialect;
  private final Function<SQLException, StoreException> failure;
  private @Nullable StoreException failed;
  private boolean ended;

  /**
   * @param failure says what the database's refusal means
   */
  SqlTransaction(
      Session session,
      Scope scope,
      Dialect dialect,
      Function<SQLException, StoreException> failure) {
    this.session = session;
    this.scope = scope;
    this.dialect = dialect;
    this.failure = failure;
  }

  /** Runs work in this transaction, which ends with it; fails when any of its statements failed. */
  <T> T run(Store.Work<T> work) {
    try {
      T result = work.run(this);
      if (failed != null) {
        throw failed;
      }
      return result;
    } finally {
      ended = true;
    }
  }

  @Override
  public void insert(Resource resource) {
    while (attempt(() -> insertedRows(resource)) == 0) {
      Optional<Resource> existing = find(resource.key());
      if (existing.isPresent()) {
        throw new ResourceExistsException(existing.get());
      }
      // another server's, and deleted since
    }
  }

  @Override
  public Optional<Resource> find(ResourceKey key) {
    return attempt(() -> Statements.find(session, scope, key));
  }

  @Override
  public Optional<Resource> lock(ResourceKey key) {
    return attempt(() -> Statements.lock(session, scope, dialect, key));
  }

  @Override
  public Page list(ListQuery query) {
    ListStatement statement = ListStatement.of(query, scope, dialect);
    return ListStatement.page(
        query,
        attempt(
            () -> session.query(Statements::resource, statement.sql(), statement.parameters())));
  }

  @Override
  public Resource update(Resource resource) {
    if (attempt(() -> updatedRows(resource)) == 0) {
      throw new StaleResourceException(resource);
    }
    return new Resource(
        resource.key(),
        resource.id(),
        resource.arn(),
        resource.createdAt(),
        resource.modifiedAt().truncatedTo(ChronoUnit.MILLIS),
        resource.status(),
        resource.parent(),
        resource.version() + 1,
        resource.document());
  }

  @Override
  public boolean delete(ResourceKey key) {
    List<String> arns =
        attempt(() ->
            session.query(
                row -> row.getString(1),
                DELETE,
                scope.account(),
                scope.region(),
                key.kind(),
                Statements.nameKey(key.name())));
    for (String arn : arns) {
      attempt(() -> session.update(REMOVE_TAGS, scope.account(), scope.region(), arn));
    }
    return !arns.isEmpty();
  }

  @Override
  public Map<String, String> tags(String arn) {
    return attempt(() -> Statements.tags(session, scope, arn));
  }

  @Override
  public void putTags(String arn, Map<String, String> tags) {
    tags.forEach((key, value) ->
        attempt(() -> session.update(PUT_TAG, scope.account(), scope.region(), arn, key, value)));
  }

  @Override
  public void removeTags(String arn, Collection<String> keys) {
    for (String key : keys) {
      attempt(() -> session.update(REMOVE_TAG, scope.account(), scope.region(), arn, key));
    }
  }

  private int insertedRows(Resource resource) throws SQLException {
    return session.update(
        INSERT,
        scope.account(),
        scope.region(),
        Statements.nameKey(resource.key().name()),
        resource.key().kind(),
        resource.key().name(),
        resource.id(),
        resource.arn(),
        resource.createdAt().toEpochMilli(),
        resource.modifiedAt().toEpochMilli(),
        resource.status(),
        resource.parent(),
        resource.document());
  }

  private int updatedRows(Resource resource) throws SQLException {
    return session.update(
        UPDATE,
        resource.status(),
        resource.document(),
        resource.modifiedAt().toEpochMilli(),
        scope.account(),
        scope.region(),
        resource.key().kind(),
        Statements.nameKey(resource.key().name()),
        resource.id(),
        resource.version());
  }

  private <T> T attempt(Statement<T> statement) {
    if (ended) {
      throw new IllegalStateException("the transaction has ended: use it only within its work");
    }
    if (failed != null) {
      throw failed;
    }
    try {
      return statement.run();
    } catch (SQLException e) {
      failed = failure.apply(e);
      throw failed;
    }
  }

  @FunctionalInterface
  private interface Statement<T> {
    T run() throws SQLException;
  }
}
