package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Transaction.ResourceExistsException;
import dev.berth.store.Transaction.StaleResourceException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every {@link Store} keeps; one subclass for each. */
abstract class StoreContract {
  static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

  abstract Store store();

  @Test
  void a_resource_is_found_as_it_was_inserted() {
    Resource model = insert("model", "m", 0);
    assertThat(store().find(new ResourceKey("model", "m"))).contains(model);
  }

  @Test
  void a_resource_is_found_by_its_name_in_any_case_and_keeps_its_own() {
    Resource model = insert("model", "MyModel", 0);
    assertThat(store().find(new ResourceKey("model", "mymodel"))).contains(model);
  }

  @Test
  void a_name_is_taken_whatever_its_case() {
    Resource first = insert("model", "m", 0);
    assertThatThrownBy(() -> insert("model", "M", 1))
        .isInstanceOfSatisfying(
            ResourceExistsException.class, e -> assertThat(e.existing()).isEqualTo(first));
  }

  @Test
  void the_same_name_is_free_for_another_kind() {
    insert("model", "x", 0);
    insert("endpoint", "x", 0);
    assertThat(store().find(new ResourceKey("endpoint", "x"))).isPresent();
  }

  @Test
  void an_update_counts_the_version() {
    Resource model = insert("model", "m", 0);
    Resource next =
        store().write(tx -> tx.update(model.with("InService", "{\"a\":1}", T0.plusSeconds(9))));
    assertThat(next.version()).isEqualTo(2);
    assertThat(store().find(model.key())).contains(next);
  }

  @Test
  void an_update_of_what_was_changed_meanwhile_is_refused() {
    Resource model = insert("model", "m", 0);
    store().write(tx -> tx.update(model.with("a", "{}", T0)));
    assertThatThrownBy(() -> store().write(tx -> tx.update(model.with("b", "{}", T0))))
        .isInstanceOf(StaleResourceException.class);
  }

  @Test
  void nothing_of_a_write_that_throws_is_kept() {
    assertThatThrownBy(() ->
            store()
                .write(tx -> {
                  tx.insert(resource("model", "m", 0));
                  throw new IllegalStateException("stop");
                }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("stop");
    assertThat(store().find(new ResourceKey("model", "m"))).isEmpty();
  }

  @Test
  void a_delete_removes_the_resource_and_its_tags() {
    Resource model = insert("model", "m", 0);
    store()
        .write(tx -> {
          tx.putTags(model.arn(), Map.of("k", "v"));
          return tx.delete(model.key());
        });
    assertThat(store().find(model.key())).isEmpty();
    assertThat(store().tags(model.arn())).isEmpty();
    boolean again = store().write(tx -> tx.delete(model.key()));
    assertThat(again).isFalse();
  }

  @Test
  void tags_keep_the_order_in_which_they_were_added() {
    store()
        .write(tx -> {
          tx.putTags("arn", Map.of("z", "1"));
          tx.putTags("arn", Map.of("a", "2"));
          tx.putTags("arn", Map.of("z", "3"));
          tx.removeTags("arn", List.of("missing"));
          return 0;
        });
    assertThat(store().tags("arn")).containsExactly(Map.entry("z", "3"), Map.entry("a", "2"));
  }

  @ParameterizedTest
  @CsvSource({
    "NAME,false,a b c d e",
    "NAME,true,e d c b a",
    "CREATION_TIME,false,e d c b a",
    "CREATION_TIME,true,a b c d e",
    "LAST_MODIFIED_TIME,true,a b c d e",
    "STATUS,false,a c e b d",
    "STATUS,true,d b e c a"
  })
  void pages_follow_one_another_in_the_order_asked_for(
      SortBy sortBy, boolean isDescending, String expected) {
    String names = "abcde";
    for (int i = 0; i < names.length(); i++) {
      Resource resource =
          new Resource(
              new ResourceKey("model", names.substring(i, i + 1)),
              UUID.randomUUID().toString(),
              "arn-" + i,
              T0.minusSeconds(i),
              T0.minusSeconds(i),
              i % 2 == 0 ? "A" : "B",
              1,
              "{}");
      store().write(tx -> insert(tx, resource));
    }
    var seen = new ArrayList<String>();
    ListQuery query =
        new ListQuery(
            "model",
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            sortBy,
            isDescending,
            2,
            Optional.empty());
    Page page;
    do {
      page = store().list(query);
      page.resources().forEach(resource -> seen.add(resource.key().name()));
      query = query.from(page.next());
    } while (page.next().isPresent());
    assertThat(seen).containsExactly(expected.split(" "));
  }

  @Test
  void resources_of_the_same_instant_are_paged_without_loss() {
    for (int i = 0; i < 7; i++) {
      insert("model", "m" + i, 0);
    }
    Page first = store().list(ListQuery.all("model", 3));
    Page second = store().list(ListQuery.all("model", 3).from(first.next()));
    Page third = store().list(ListQuery.all("model", 3).from(second.next()));
    assertThat(List.of(first, second, third))
        .extracting(page -> page.resources().size())
        .containsExactly(3, 3, 1);
    assertThat(third.next()).isEmpty();
  }

  @Test
  void filters_select_by_name_time_and_status() {
    insert("model", "alpha-1", 0);
    insert("model", "beta-1", 10);
    insert("model", "alpha-2", 20);
    ListQuery all = ListQuery.all("model", 10);
    assertThat(names(with(all, Optional.of("alpha"), Optional.empty(), Optional.empty())))
        .containsExactly("alpha-2", "alpha-1");
    assertThat(names(with(all, Optional.of("ALPHA"), Optional.empty(), Optional.empty())))
        .isEmpty();
    assertThat(
            names(with(all, Optional.empty(), Optional.of(T0.plusSeconds(10)), Optional.empty())))
        .containsExactly("alpha-2", "beta-1");
    assertThat(
            names(with(all, Optional.empty(), Optional.empty(), Optional.of(T0.plusSeconds(10)))))
        .containsExactly("alpha-1");
  }

  @Test
  void of_many_writers_of_one_name_exactly_one_wins() throws Exception {
    var attempts = new ArrayList<Callable<Boolean>>();
    for (int i = 0; i < 32; i++) {
      attempts.add(() -> {
        try {
          insert("model", "same", 0);
          return true;
        } catch (ResourceExistsException _) {
          return false;
        }
      });
    }
    int won = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> attempt : threads.invokeAll(attempts)) {
        won += attempt.get() ? 1 : 0;
      }
    }
    assertThat(won).isEqualTo(1);
  }

  private static ListQuery with(
      ListQuery all, Optional<String> contains, Optional<Instant> from, Optional<Instant> before) {
    return new ListQuery(
        all.kind(),
        contains,
        from,
        before,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        all.sortBy(),
        all.isDescending(),
        all.limit(),
        Optional.empty());
  }

  private List<String> names(ListQuery query) {
    return store().list(query).resources().stream().map(r -> r.key().name()).toList();
  }

  Resource insert(String kind, String name, int second) {
    Resource resource = resource(kind, name, second);
    return store().write(tx -> insert(tx, resource));
  }

  private static Resource insert(Transaction transaction, Resource resource) {
    transaction.insert(resource);
    return resource;
  }

  static Resource resource(String kind, String name, int second) {
    Instant at = T0.plusSeconds(second);
    return new Resource(
        new ResourceKey(kind, name),
        UUID.randomUUID().toString(),
        "arn:" + kind + "/" + name,
        at,
        at,
        "",
        1,
        "{}");
  }
}
