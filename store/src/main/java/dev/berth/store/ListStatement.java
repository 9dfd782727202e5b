package dev.berth.store;

import dev.berth.store.ListQuery.Position;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A {@link ListQuery} as SQL: a walk along the index of its order that begins behind the last
 * page's end, and asks for one row more than the page holds to learn whether another page follows.
 *
 * @param sql a query for {@link Statements#COLUMNS}
 * @param parameters texts and longs, in the order of the question marks
 */
record ListStatement(String sql, List<Object> parameters) {

  static ListStatement of(ListQuery query, Scope scope, Dialect dialect) {
    return new Writer(query, dialect).write(scope);
  }

  /** Returns the page made of the rows the statement found. */
  static Page page(ListQuery query, List<Resource> rows) {
    if (rows.size() <= query.limit()) {
      return new Page(rows, Optional.empty());
    }
    List<Resource> shown = rows.subList(0, query.limit());
    return new Page(shown, Optional.of(Position.of(query.sortBy(), shown.getLast())));
  }

  /** Builds one statement. */
  private static final class Writer {
    private final ListQuery query;
    private final Dialect dialect;
    private final StringBuilder sql = new StringBuilder();
    private final List<Object> parameters = new ArrayList<>();

    Writer(ListQuery query, Dialect dialect) {
      this.query = query;
      this.dialect = dialect;
    }

    ListStatement write(Scope scope) {
      sql.append("SELECT ").append(Statements.COLUMNS).append(" FROM resource");
      if (dialect == Dialect.SQLITE) {
        // without statistics its planner may take a filter's index and sort a million rows
        sql.append(" INDEXED BY ").append(index());
      }
      sql.append(" WHERE account = ? AND region = ? AND kind = ?");
      parameters.add(scope.account());
      parameters.add(scope.region());
      parameters.add(query.kind());
      query.parent().ifPresent(this::whereParent);
      query.status().ifPresent(this::whereStatus);
      Range created = Range.of(query.createdAtOrAfter(), query.createdBefore());
      Range modified = Range.of(query.modifiedAtOrAfter(), query.modifiedBefore());
      switch (query.sortBy()) {
        case NAME -> {
          query.after().ifPresent(after -> where("name " + behind() + " ?", after.name()));
          whereIn("created_at", created);
          whereIn("modified_at", modified);
        }
        case STATUS -> {
          query
              .after()
              .ifPresent(after ->
                  where("(status, name) " + behind() + " (?, ?)", after.sortValue(), after.name()));
          whereIn("created_at", created);
          whereIn("modified_at", modified);
        }
        case CREATION_TIME -> {
          whereBehind("created_at", created);
          whereIn("modified_at", modified);
        }
        case LAST_MODIFIED_TIME -> {
          whereBehind("modified_at", modified);
          whereIn("created_at", created);
        }
      }
      query.nameContains().ifPresent(part -> where(contains("name"), part));
      query.parentContains().ifPresent(part -> where(contains("parent"), part));
      sql.append(" ORDER BY ").append(order()).append(" LIMIT ?");
      parameters.add(query.limit() + 1L);
      return new ListStatement(sql.toString(), List.copyOf(parameters));
    }

    private String index() {
      if (query.parent().filter(parent -> !parent.isEmpty()).isPresent()) {
        switch (query.sortBy()) {
          case NAME -> {
            return "resource_by_parent";
          }
          case CREATION_TIME -> {
            return "resource_by_parent_and_creation";
          }
          case LAST_MODIFIED_TIME, STATUS -> {} // walks the kind's order
        }
      }
      boolean isOfStatus = query.status().filter(status -> !status.isEmpty()).isPresent();
      return switch (query.sortBy()) {
        case NAME -> isOfStatus ? "resource_by_status" : "resource_by_name";
        case CREATION_TIME ->
            isOfStatus ? "resource_by_status_and_creation" : "resource_by_creation";
        case LAST_MODIFIED_TIME -> "resource_by_modification";
        case STATUS -> "resource_by_status";
      };
    }

    private String order() {
      String direction = query.isDescending() ? " DESC" : " ASC";
      return switch (query.sortBy()) {
        case NAME -> "name" + direction;
        case CREATION_TIME -> "created_at" + direction + ", name" + direction;
        case LAST_MODIFIED_TIME -> "modified_at" + direction + ", name" + direction;
        case STATUS -> "status" + direction + ", name" + direction;
      };
    }

    private String behind() {
      return query.isDescending() ? "<" : ">";
    }

    private String contains(String column) {
      return switch (dialect) {
        case SQLITE -> "instr(" + column + ", ?) > 0";
        case POSTGRESQL -> "strpos(" + column + ", ?) > 0";
      };
    }

    private void whereParent(String parent) {
      where("parent = ?", parent);
      if (!parent.isEmpty()) {
        sql.append(" AND parent <> ''"); // or the partial index is not believed to hold them
      }
    }

    private void whereStatus(String status) {
      where("status = ?", status);
      if (!status.isEmpty()) {
        sql.append(" AND status <> ''"); // or the partial index is not believed to hold them
      }
    }

    private void whereIn(String column, Range range) {
      range.from().ifPresent(from -> where(column + " >= ?", from));
      range.before().ifPresent(before -> where(column + " < ?", before));
    }

    /**
     * The range and the position bound the same column, and an index walk takes one bound for each
     * end: the tighter one, which implies the other.
     */
    private void whereBehind(String column, Range range) {
      if (query.after().isEmpty()) {
        whereIn(column, range);
        return;
      }
      Position after = query.after().get();
      long time = Long.parseLong(after.sortValue());
      OptionalLong nearBound = query.isDescending() ? range.before() : range.from();
      boolean isBoundTighter =
          nearBound.isPresent()
              && (query.isDescending()
                  ? nearBound.getAsLong() <= time
                  : nearBound.getAsLong() > time);
      if (isBoundTighter) {
        whereIn(column, range);
        return;
      }
      where("(" + column + ", name) " + behind() + " (?, ?)", time, after.name());
      if (query.isDescending()) {
        range.from().ifPresent(from -> where(column + " >= ?", from));
      } else {
        range.before().ifPresent(before -> where(column + " < ?", before));
      }
    }

    private void where(String condition, Object... values) {
      sql.append(" AND ").append(condition);
      parameters.addAll(List.of(values));
    }
  }

  /** Epoch milliseconds from one, inclusive, to another, exclusive. */
  private record Range(OptionalLong from, OptionalLong before) {
    private static final Instant FIRST = Instant.ofEpochMilli(Long.MIN_VALUE);
    private static final Instant LAST = Instant.ofEpochMilli(Long.MAX_VALUE);

    static Range of(Optional<Instant> from, Optional<Instant> before) {
      return new Range(millis(from), millis(before));
    }

    /** Rounds up: stored times are whole, so both {@code >=} and {@code <} stay as they were. */
    private static OptionalLong millis(Optional<Instant> time) {
      if (time.isEmpty()) {
        return OptionalLong.empty();
      }
      Instant instant = time.get();
      if (instant.isBefore(FIRST)) {
        return OptionalLong.of(Long.MIN_VALUE);
      }
      if (!instant.isBefore(LAST)) {
        return OptionalLong.of(Long.MAX_VALUE);
      }
      long floor = instant.toEpochMilli();
      return OptionalLong.of(Instant.ofEpochMilli(floor).equals(instant) ? floor : floor + 1);
    }
  }
}
