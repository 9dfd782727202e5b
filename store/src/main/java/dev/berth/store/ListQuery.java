package dev.berth.store;

import java.time.Instant;
import java.util.Optional;

/**
 * Which resources of a kind to list, in which order, from where.
 *
 * @param nameContains substring of the name, case-sensitive
 * @param createdAtOrAfter inclusive
 * @param createdBefore exclusive
 * @param modifiedAtOrAfter inclusive
 * @param modifiedBefore exclusive
 * @param status equal to this status
 * @param parent part of the resource with this name, in the case that it was created with; present
 *     and empty for those that are part of none
 * @param parentContains substring of the parent's name, case-sensitive
 * @param limit most resources in the page, at least 1
 * @param after where the previous page ended
 */
public record ListQuery(
    String kind,
    Optional<String> nameContains,
    Optional<Instant> createdAtOrAfter,
    Optional<Instant> createdBefore,
    Optional<Instant> modifiedAtOrAfter,
    Optional<Instant> modifiedBefore,
    Optional<String> status,
    Optional<String> parent,
    Optional<String> parentContains,
    SortBy sortBy,
    boolean isDescending,
    int limit,
    Optional<Position> after) {

  /** Makes a query that doesn't ask what resources are part of. */
  public ListQuery(
      String kind,
      Optional<String> nameContains,
      Optional<Instant> createdAtOrAfter,
      Optional<Instant> createdBefore,
      Optional<Instant> modifiedAtOrAfter,
      Optional<Instant> modifiedBefore,
      Optional<String> status,
      SortBy sortBy,
      boolean isDescending,
      int limit,
      Optional<Position> after) {
    this(
        kind,
        nameContains,
        createdAtOrAfter,
        createdBefore,
        modifiedAtOrAfter,
        modifiedBefore,
        status,
        Optional.empty(),
        Optional.empty(),
        sortBy,
        isDescending,
        limit,
        after);
  }

  /** Order of the page; ties are broken by name in the same direction. */
  public enum SortBy {
    NAME,
    CREATION_TIME,
    LAST_MODIFIED_TIME,
    STATUS
  }

  /**
   * The last resource of a page, so that the next starts behind it however many were inserted
   * since.
   *
   * @param sortValue value it was sorted by: the name, the status, or epoch milliseconds
   * @param name name as stored
   */
  public record Position(String sortValue, String name) {

    /** Returns the position of a resource in a list of that order. */
    public static Position of(SortBy sortBy, Resource resource) {
      String sortValue =
          switch (sortBy) {
            case NAME -> resource.key().name();
            case CREATION_TIME -> Long.toString(resource.createdAt().toEpochMilli());
            case LAST_MODIFIED_TIME -> Long.toString(resource.modifiedAt().toEpochMilli());
            case STATUS -> resource.status();
          };
      return new Position(sortValue, resource.key().name());
    }
  }

  /** Returns this query for the page that starts at {@code position}. */
  public ListQuery from(Optional<Position> position) {
    return new ListQuery(
        kind,
        nameContains,
        createdAtOrAfter,
        createdBefore,
        modifiedAtOrAfter,
        modifiedBefore,
        status,
        parent,
        parentContains,
        sortBy,
        isDescending,
        limit,
        position);
  }

  /** Returns this query for the resources of another kind. */
  public ListQuery ofKind(String otherKind) {
    return new ListQuery(
        otherKind,
        nameContains,
        createdAtOrAfter,
        createdBefore,
        modifiedAtOrAfter,
        modifiedBefore,
        status,
        parent,
        parentContains,
        sortBy,
        isDescending,
        limit,
        after);
  }

  /** Returns this query for the parts of one resource only. */
  public ListQuery within(String parentName) {
    return new ListQuery(
        kind,
        nameContains,
        createdAtOrAfter,
        createdBefore,
        modifiedAtOrAfter,
        modifiedBefore,
        status,
        Optional.of(parentName),
        parentContains,
        sortBy,
        isDescending,
        limit,
        after);
  }

  /** Returns this query with what it asks of names asked of the parents' names instead. */
  public ListQuery withNamesOfParents() {
    return new ListQuery(
        kind,
        Optional.empty(),
        createdAtOrAfter,
        createdBefore,
        modifiedAtOrAfter,
        modifiedBefore,
        status,
        parent,
        nameContains,
        sortBy,
        isDescending,
        limit,
        after);
  }

  /** Returns the query for the first page of all resources of a kind, newest first. */
  public static ListQuery all(String kind, int limit) {
    return new ListQuery(
        kind,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        SortBy.CREATION_TIME,
        true,
        limit,
        Optional.empty());
  }
}
