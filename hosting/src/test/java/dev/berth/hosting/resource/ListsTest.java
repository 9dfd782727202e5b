package dev.berth.hosting.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.resource.Lists.Filters;
import dev.berth.store.ListQuery.Position;
import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Page;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ListsTest {
  private static final Filters BY_NAME = filters("a");
  private static final Page PAGE =
      new Page(List.of(), Optional.of(new Position("1700000000000", "Modell-ß")));

  @Test
  void a_page_has_ten_resources_unless_asked_otherwise() {
    assertThat(Lists.query(Kind.MODEL, BY_NAME, null, null).limit()).isEqualTo(10);
    assertThat(Lists.query(Kind.MODEL, BY_NAME, 77, null).limit()).isEqualTo(77);
  }

  @Test
  void a_token_leads_to_where_the_page_ended() {
    String token = Lists.nextToken(Kind.MODEL, BY_NAME, PAGE);
    assertThat(Lists.query(Kind.MODEL, BY_NAME, null, token).after()).isEqualTo(PAGE.next());
  }

  @Test
  void the_last_page_has_no_token() {
    Page last = new Page(List.of(), Optional.empty());
    assertThat(Lists.nextToken(Kind.MODEL, BY_NAME, last)).isNull();
  }

  @Test
  void a_token_of_other_filters_or_another_list_is_refused() {
    String token = Lists.nextToken(Kind.MODEL, BY_NAME, PAGE);
    String message = "Invalid pagination token because \"%s\".".formatted(token);
    assertThatThrownBy(() -> Lists.query(Kind.MODEL, filters("b"), null, token))
        .hasMessage(message);
    assertThatThrownBy(() -> Lists.query(Kind.ENDPOINT, BY_NAME, null, token)).hasMessage(message);
  }

  @Test
  void a_token_that_is_none_is_refused() {
    assertThatThrownBy(() -> Lists.query(Kind.MODEL, BY_NAME, null, "no token!"))
        .hasMessage("Invalid pagination token because \"no token!\".");
    assertThatThrownBy(() -> Lists.query(Kind.MODEL, BY_NAME, null, "e30"))
        .hasMessage("Invalid pagination token because \"e30\".");
  }

  private static Filters filters(String contains) {
    return new Filters(contains, null, null, null, null, null, SortBy.CREATION_TIME, true);
  }
}
