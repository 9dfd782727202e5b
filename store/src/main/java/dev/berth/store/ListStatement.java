package dev.berth.store;

import dev.berth.store.ListQuery.Position;
import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Rows.Scope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/**
 * One page of a list as one walk along the index of its sort order, starting behind the page before
 * (keyset paging): its cost does not grow with the number of resources or pages.
 */
final class ListStatement {
  private ListStatement() {}

  static Page run(Handle handle, Scope scope, ListQuery list) {
    String column = column(list.sortBy());
    var sql =
        new StringBuilder("select ").append(Rows.COLUMNS).append(" from resource indexed by ");
    sql.append(index(list.sortBy())).append(" where ").append(Rows.SCOPE);
    filter(sql, list.nameContains(), "instr(name, :contains) > 0");
    filter(sql, list.createdAtOrAfter(), "created_at >= :createdFrom");
    filter(sql, list.createdBefore(), "created_at < :createdTo");
    filter(sql, list.modifiedAtOrAfter(), "modified_at >= :modifiedFrom");
    filter(sql, list.modifiedBefore(), "modified_at < :modifiedTo");
    filter(sql, list.status(), "status = :status");
    String than = list.isDescending() ? "<" : ">";
    String order = list.isDescending() ? " desc" : " asc";
    boolean isByName = list.sortBy() == SortBy.NAME;
    if (list.after().isPresent()) {
      sql.append(
          isByName
              ? " and name " + than + " :afterName"
              : " and (%s, name) %s (:afterValue, :afterName)".formatted(column, than));
    }
    sql.append(" order by ").append(column).append(order);
    if (!isByName) {
      sql.append(", name").append(order);
    }
    sql.append(" limit :limit");

    try (Query query = handle.createQuery(sql.toString())) {
      query
          .bind("account", scope.account())
          .bind("region", scope.region())
          .bind("kind", list.kind())
          .bind("limit", list.limit() + 1);
      list.nameContains().ifPresent(text -> query.bind("contains", text));
      bind(query, "createdFrom", list.createdAtOrAfter());
      bind(query, "createdTo", list.createdBefore());
      bind(query, "modifiedFrom", list.modifiedAtOrAfter());
      bind(query, "modifiedTo", list.modifiedBefore());
      list.status().ifPresent(status -> query.bind("status", status));
      list.after().ifPresent(position -> bind(query, list.sortBy(), position));
      List<Resource> found =
          new ArrayList<>(query.map((row, _) -> Rows.resource(list.kind(), row)).list());
      if (found.size() <= list.limit()) {
        return new Page(found, Optional.empty());
      }
      found.removeLast();
      return new Page(found, Optional.of(position(list.sortBy(), found.getLast())));
    }
  }

  private static void filter(StringBuilder sql, Optional<?> value, String condition) {
    if (value.isPresent()) {
      sql.append(" and ").append(condition);
    }
  }

  /** Times are kept in milliseconds; a bound between two of them takes the later one. */
  private static void bind(Query query, String name, Optional<Instant> value) {
    value.ifPresent(instant -> {
      long millis = instant.toEpochMilli();
      boolean isWhole = instant.equals(Instant.ofEpochMilli(millis));
      query.bind(name, isWhole ? millis : millis + 1);
    });
  }

  private static void bind(Query query, SortBy sortBy, Position position) {
    query.bind("afterName", position.name());
    switch (sortBy) {
      case NAME -> {}
      case STATUS -> query.bind("afterValue", position.sortValue());
      case CREATION_TIME, LAST_MODIFIED_TIME ->
          query.bind("afterValue", Long.parseLong(position.sortValue()));
    }
  }

  private static Position position(SortBy sortBy, Resource last) {
    String value =
        switch (sortBy) {
          case NAME -> last.key().name();
          case CREATION_TIME -> Long.toString(last.createdAt().toEpochMilli());
          case LAST_MODIFIED_TIME -> Long.toString(last.modifiedAt().toEpochMilli());
          case STATUS -> last.status();
        };
    return new Position(value, last.key().name());
  }

  private static String column(SortBy sortBy) {
    return switch (sortBy) {
      case NAME -> "name";
      case CREATION_TIME -> "created_at";
      case LAST_MODIFIED_TIME -> "modified_at";
      case STATUS -> "status";
    };
  }

  private static String index(SortBy sortBy) {
    return switch (sortBy) {
      case NAME -> "resource_by_name";
      case CREATION_TIME -> "resource_by_created";
      case LAST_MODIFIED_TIME -> "resource_by_modified";
      case STATUS -> "resource_by_status";
    };
  }
}
