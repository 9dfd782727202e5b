package dev.berth.hosting.resource;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.api.error.AwsException;
import dev.berth.store.ListQuery;
import dev.berth.store.ListQuery.Position;
import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Page;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What all lists have in common: defaults, filters and tokens. A token holds where the page before
 * ended and a digest of the filters it was made with, so it can't be used with others.
 */
public final class Lists {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DEFAULT_PAGE = 10;

  private Lists() {}

  /** A list request's filters, as they stand in the request: null where absent. */
  public record Filters(
      @Nullable String nameContains,
      @Nullable Instant createdAfter,
      @Nullable Instant createdBefore,
      @Nullable Instant modifiedAfter,
      @Nullable Instant modifiedBefore,
      @Nullable String statusEquals,
      SortBy sortBy,
      boolean isDescending) {

    /** Returns the filters of lists that know names and creation times only. */
    public static Filters ofCreation(
        @Nullable String nameContains,
        @Nullable Instant createdAfter,
        @Nullable Instant createdBefore,
        boolean isByName,
        boolean isDescending) {
      return new Filters(
          nameContains,
          createdAfter,
          createdBefore,
          null,
          null,
          null,
          isByName ? SortBy.NAME : SortBy.CREATION_TIME,
          isDescending);
    }
  }

  /**
   * Returns the query for one page.
   *
   * @throws AwsException ValidationException when the token isn't one of this list's
   */
  public static ListQuery query(
      Kind kind, Filters filters, @Nullable Integer maxResults, @Nullable String nextToken) {
    return query(kind.arnType(), "", filters, maxResults, nextToken);
  }

  /**
   * Returns the query for one page of what isn't all of one kind.
   *
   * @param storedKind the store's kind
   * @param within what else says which resources are listed; a token is good for the same only
   * @throws AwsException ValidationException when the token isn't one of this list's
   */
  public static ListQuery query(
      String storedKind,
      String within,
      Filters filters,
      @Nullable Integer maxResults,
      @Nullable String nextToken) {
    return new ListQuery(
        storedKind,
        Optional.ofNullable(filters.nameContains()),
        Optional.ofNullable(filters.createdAfter()),
        Optional.ofNullable(filters.createdBefore()),
        Optional.ofNullable(filters.modifiedAfter()),
        Optional.ofNullable(filters.modifiedBefore()),
        Optional.ofNullable(filters.statusEquals()),
        filters.sortBy(),
        filters.isDescending(),
        maxResults == null ? DEFAULT_PAGE : maxResults,
        Optional.ofNullable(nextToken)
            .map(token -> position(token, digest(storedKind, within, filters))));
  }

  /** Returns the token for the page after this one, null when it is the last. */
  public static @Nullable String nextToken(Kind kind, Filters filters, Page page) {
    return nextToken(kind.arnType(), "", filters, page);
  }

  /** Returns the token that goes with {@link #query(String, String, Filters, Integer, String)}. */
  public static @Nullable String nextToken(
      String storedKind, String within, Filters filters, Page page) {
    return page.next()
        .map(position -> token(position, digest(storedKind, within, filters)))
        .orElse(null);
  }

  private static String digest(String storedKind, String within, Filters filters) {
    return Integer.toHexString((storedKind + within + filters).hashCode());
  }

  private record Token(String digest, String sortValue, String name) {}

  private static String token(Position position, String digest) {
    try {
      byte[] json =
          JSON.writeValueAsBytes(new Token(digest, position.sortValue(), position.name()));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("token can't be written", e);
    }
  }

  private static Position position(String text, String digest) {
    try {
      byte[] json = Base64.getUrlDecoder().decode(text);
      Token token = JSON.readValue(new String(json, StandardCharsets.UTF_8), Token.class);
      if (token != null && digest.equals(token.digest())) {
        return new Position(token.sortValue(), token.name());
      }
    } catch (IllegalArgumentException | JsonProcessingException _) {
      // Not a token of ours: said below.
    }
    throw AwsException.validation("Invalid pagination token because \"%s\".".formatted(text));
  }
}
