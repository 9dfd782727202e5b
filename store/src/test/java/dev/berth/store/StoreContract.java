package dev.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Transaction.ResourceExistsException;
import dev.berth.store.Transaction.StaleResourceException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link Store} keeps; one subclass for each. */
abstract class StoreContract {
  static final String ACCOUNT = "000000000000";
  static final String REGION = "us-east-1";
  static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private Store store;

  /** Opens the part of the test's database that belongs to an account and a region. */
  abstract Store open(String account, String region);

  @BeforeEach
  void openStore() {
    store = open(ACCOUNT, REGION);
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  final Store store() {
    return store;
  }

  @Test
  void an_inserted_resource_is_found_as_it_was_given() {
    Resource model = model("Alpha", NOON);

    insert(model);

    assertThat(store.find(model.key())).contains(model);
  }

  @Test
  void a_resource_that_was_never_inserted_is_not_found() {
    assertThat(store.find(new ResourceKey("model", "alpha"))).isEmpty();
  }

  @Test
  void a_resource_outlives_the_store_that_wrote_it() {
    Resource model = model("Alpha", NOON);
    insert(model);

    store.close();
    store = open(ACCOUNT, REGION);

    assertThat(store.find(model.key())).contains(model);
  }

  @Test
  void a_document_comes_back_to_the_letter() {
    Resource model = model("alpha", NOON).with("", "{\"t\":\"é – 漢字 😀 ' \\u0000 \"}", NOON);

    insert(model);

    assertThat(store.find(model.key())).contains(model);
  }

  @Test
  void times_are_kept_to_the_millisecond() {
    insert(model("alpha", NOON.plusNanos(123_456_789)));

    assertThat(found("alpha").createdAt()).isEqualTo(NOON.plusMillis(123));
  }

  @Test
  void names_that_differ_only_in_case_are_the_same_name() {
    Resource model = model("My-Model", NOON);
    insert(model);

    assertThat(store.find(new ResourceKey("model", "mY-mODEL"))).contains(model);
    assertThatThrownBy(() -> insert(model("MY-MODEL", NOON)))
        .isInstanceOf(ResourceExistsException.class);
  }

  @Test
  void names_are_told_apart_the_same_way_in_every_locale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.of("tr", "TR"));
    try {
      insert(model("TITLE", NOON));
    } finally {
      Locale.setDefault(before);
    }

    assertThat(store.find(new ResourceKey("model", "title"))).isPresent();
  }

  @Test
  void a_second_insert_is_refused_and_shows_the_first() {
    Resource first = model("alpha", NOON);
    insert(first);

    var refused =
        catchThrowableOfType(
            ResourceExistsException.class, () -> insert(model("ALPHA", NOON.plusSeconds(1))));

    assertThat(refused.existing()).isEqualTo(first);
    assertThat(found("alpha")).isEqualTo(first);
  }

  @Test
  void kinds_do_not_share_names() {
    insert(resource("model", "alpha", NOON, ""));
    insert(resource("endpoint", "alpha", NOON, "Creating"));

    assertThat(store.find(new ResourceKey("endpoint", "alpha")).orElseThrow().status())
        .isEqualTo("Creating");
    assertThat(names(ListQuery.all("model", 10))).containsExactly("alpha");
  }

  @Test
  void accounts_and_regions_do_not_see_one_another() {
    insert(model("alpha", NOON));
    try (Store otherRegion = open(ACCOUNT, "eu-west-1");
        Store otherAccount = open("111111111111", REGION)) {
      otherRegion.write(inserting(model("ALPHA", NOON)));
      tag(otherRegion, found("alpha").arn(), Map.of("a", "other"));

      assertThat(otherRegion.list(ListQuery.all("model", 10)).resources())
          .extracting(resource -> resource.key().name())
          .containsExactly("ALPHA");
      assertThat(otherAccount.list(ListQuery.all("model", 10)).resources()).isEmpty();
      assertThat(store.tags(found("alpha").arn())).isEmpty();
      assertThat(otherRegion.<Boolean>write(tx -> tx.delete(new ResourceKey("model", "alpha"))))
          .isTrue();
    }
    assertThat(store.find(new ResourceKey("model", "alpha"))).isPresent();
  }

  @Test
  void an_update_replaces_status_document_and_modification_time() {
    Resource endpoint = resource("endpoint", "alpha", NOON, "Creating");
    insert(endpoint);

    Resource next =
        store.write(tx -> tx.update(endpoint.with("InService", "{\"v\":2}", NOON.plusSeconds(9))));

    assertThat(next)
        .isEqualTo(
            new Resource(
                endpoint.key(),
                endpoint.id(),
                endpoint.arn(),
                NOON,
                NOON.plusSeconds(9),
                "InService",
                2,
                "{\"v\":2}"));
    assertThat(store.find(endpoint.key())).contains(next);
  }

  @Test
  void an_update_of_what_was_changed_since_is_refused() {
    Resource read = resource("endpoint", "alpha", NOON, "Creating");
    insert(read);
    Resource changed = store.write(tx -> tx.update(read.with("InService", "{}", NOON)));

    assertThatThrownBy(() -> store.write(tx -> tx.update(read.with("Failed", "{}", NOON))))
        .isInstanceOf(StaleResourceException.class);
    assertThat(store.find(read.key())).contains(changed);
  }

  @Test
  void an_update_of_what_was_deleted_is_refused() {
    Resource read = model("alpha", NOON);
    insert(read);
    delete("alpha");

    assertThatThrownBy(() -> store.write(tx -> tx.update(read)))
        .isInstanceOf(StaleResourceException.class);
  }

  @Test
  void an_update_does_not_touch_a_successor_of_the_same_name() {
    Resource read = model("alpha", NOON);
    insert(read);
    delete("alpha");
    Resource successor =
        new Resource(read.key(), "another-id", read.arn(), NOON, NOON, "", 1, "{\"new\":true}");
    insert(successor);

    assertThatThrownBy(() -> store.write(tx -> tx.update(read)))
        .isInstanceOf(StaleResourceException.class);
    assertThat(found("alpha")).isEqualTo(successor);
  }

  @Test
  void a_deleted_resource_is_gone_with_its_tags() {
    Resource model = model("Alpha", NOON);
    insert(model);
    tag(store, model.arn(), Map.of("team", "a"));

    assertThat(delete("aLPHA")).isTrue();

    assertThat(store.find(model.key())).isEmpty();
    assertThat(store.tags(model.arn())).isEmpty();
  }

  @Test
  void deleting_what_is_not_there_says_so() {
    assertThat(delete("alpha")).isFalse();
  }

  @Test
  void tags_come_back_in_the_order_they_were_added() {
    var tags = new LinkedHashMap<String, String>();
    List.of("z", "a", "m").forEach(key -> tags.put(key, "value of " + key));
    tag(store, "arn:x", tags);
    tag(store, "arn:x", Map.of("b", "last"));

    assertThat(List.copyOf(store.tags("arn:x").keySet())).containsExactly("z", "a", "m", "b");
    assertThat(store.tags("arn:x")).containsEntry("m", "value of m");
  }

  @Test
  void a_tag_put_again_changes_its_value_and_keeps_its_place() {
    tag(store, "arn:x", Map.of("a", "1"));
    tag(store, "arn:x", Map.of("b", "2"));

    tag(store, "arn:x", Map.of("a", "3"));

    assertThat(List.copyOf(store.tags("arn:x").entrySet()))
        .containsExactly(Map.entry("a", "3"), Map.entry("b", "2"));
  }

  @Test
  void removed_tags_are_gone_and_unknown_ones_passed_over() {
    tag(store, "arn:x", Map.of("a", "1"));
    tag(store, "arn:x", Map.of("A", "2"));

    store.write(tx -> {
      tx.removeTags("arn:x", List.of("a", "never-there"));
      return "";
    });

    assertThat(store.tags("arn:x")).isEqualTo(Map.of("A", "2"));
  }

  @Test
  void a_transaction_sees_its_own_writes() {
    Resource model = model("alpha", NOON);

    Optional<Resource> seen =
        store.write(tx -> {
          tx.insert(model);
          tx.putTags(model.arn(), Map.of("a", "1"));
          assertThat(tx.tags(model.arn())).isEqualTo(Map.of("a", "1"));
          return tx.find(model.key());
        });

    assertThat(seen).contains(model);
  }

  @Test
  void nothing_of_a_work_that_throws_is_kept_and_its_exception_is_passed_on() {
    var thrown = new IllegalStateException("no");

    assertThatThrownBy(() ->
            store.write(tx -> {
              tx.insert(model("alpha", NOON));
              tx.putTags("arn:x", Map.of("a", "1"));
              throw thrown;
            }))
        .isSameAs(thrown);

    assertThat(store.find(new ResourceKey("model", "alpha"))).isEmpty();
    assertThat(store.tags("arn:x")).isEmpty();
  }

  @Test
  void a_refused_insert_can_be_caught_and_the_work_go_on() {
    insert(model("alpha", NOON));

    store.write(tx -> {
      assertThatThrownBy(() -> tx.insert(model("alpha", NOON)))
          .isInstanceOf(ResourceExistsException.class);
      tx.insert(model("beta", NOON));
      return "";
    });

    assertThat(store.find(new ResourceKey("model", "beta"))).isPresent();
  }

  @Test
  void a_transaction_kept_past_its_work_refuses() {
    var kept = new AtomicReference<Transaction>();
    store.write(tx -> {
      kept.set(tx);
      return "";
    });

    assertThatThrownBy(() -> kept.get().insert(model("alpha", NOON)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("has ended");
  }

  @Test
  void of_many_inserts_of_one_name_exactly_one_is_acknowledged() throws Exception {
    int acknowledged = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> inserts =
          IntStream.range(0, 32)
              .mapToObj(i ->
                  threads.submit(
                      () -> store.write(inserting(model(i % 2 == 0 ? "alpha" : "ALPHA", NOON)))))
              .toList();
      for (Future<String> insert : inserts) {
        acknowledged += hasSucceeded(insert) ? 1 : 0;
      }
    }

    assertThat(acknowledged).isEqualTo(1);
    assertThat(names(ListQuery.all("model", 10))).hasSize(1);
  }

  @Test
  void counting_by_many_with_retries_loses_no_count() throws Exception {
    insert(resource("endpoint", "counter", NOON, "0"));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> counts = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        counts.add(threads.submit(() -> IntStream.range(0, 10).forEach(_ -> count())));
      }
      for (Future<?> count : counts) {
        count.get();
      }
    }

    Resource counter = store.find(new ResourceKey("endpoint", "counter")).orElseThrow();
    assertThat(counter.status()).isEqualTo("160");
    assertThat(counter.version()).isEqualTo(161);
  }

  @Test
  void counting_by_many_who_lock_needs_no_retries_and_loses_no_count() throws Exception {
    insert(resource("endpoint", "counter", NOON, "0"));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> counts = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        counts.add(threads.submit(() -> IntStream.range(0, 10).forEach(_ -> lockAndCount())));
      }
      for (Future<?> count : counts) {
        count.get();
      }
    }

    Resource counter = store.find(new ResourceKey("endpoint", "counter")).orElseThrow();
    assertThat(counter.status()).isEqualTo("160");
  }

  @Test
  void locking_what_is_not_there_finds_nothing() {
    assertThat(store.<Optional<Resource>>write(tx -> tx.lock(new ResourceKey("model", "alpha"))))
        .isEmpty();
  }

  @Test
  void a_resource_keeps_what_it_is_a_part_of() {
    Resource version = resource("version", "Group/1", NOON, "Pending").within("Group");
    insert(version);

    Resource next = store.write(tx -> tx.update(version.with("Approved", "{}", NOON)));

    assertThat(next.parent()).isEqualTo("Group");
    assertThat(store.find(version.key())).contains(next);
  }

  @Test
  void the_parts_of_one_resource_are_listed_apart_from_all_others() {
    insert(resource("version", "Group/1", NOON, "Approved").within("Group"));
    insert(resource("version", "Group/2", NOON, "Pending").within("Group"));
    insert(resource("version", "other/1", NOON, "Approved").within("other"));
    insert(resource("version", "alone", NOON, "Approved"));
    ListQuery all = ListQuery.all("version", 10);

    assertThat(names(all)).containsExactly("other/1", "alone", "Group/2", "Group/1");
    for (SortBy sortBy : SortBy.values()) {
      ListQuery sorted = query("version", sortBy, false, 10);
      assertThat(names(sorted.within("Group"))).containsExactlyInAnyOrder("Group/1", "Group/2");
      assertThat(names(sorted.within(""))).containsExactly("alone");
    }
    assertThat(names(ofStatus("Approved").within("Group"))).containsExactly("Group/1");
    assertThat(names(ofNames("version", "th").withNamesOfParents())).containsExactly("other/1");
  }

  @Test
  void a_transaction_lists_what_it_wrote() {
    List<Resource> seen =
        store.write(tx -> {
          tx.insert(model("alpha", NOON));
          return tx.list(ListQuery.all("model", 10)).resources();
        });

    assertThat(seen).containsExactly(model("alpha", NOON));
  }

  @Test
  void failing_works_among_many_take_nothing_of_the_others_with_them() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var writes = new ArrayList<Future<String>>();
      for (int i = 0; i < 200; i++) {
        int number = i;
        writes.add(threads.submit(() -> store.write(insertingUnlessOdd(number))));
      }
      for (int i = 0; i < 200; i++) {
        assertThat(hasSucceeded(writes.get(i))).isEqualTo(i % 2 == 0);
      }
    }

    assertThat(names(ListQuery.all("model", 1000)))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 100).mapToObj(i -> "m-" + 2 * i).toList());
  }

  @Test
  void a_closed_store_refuses_by_name() {
    store.close();

    assertThatThrownBy(() -> insert(model("alpha", NOON)))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> store.find(new ResourceKey("model", "alpha")))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void closing_twice_is_closing_once() {
    store.close();
    store.close();

    try (Store again = open(ACCOUNT, REGION)) {
      assertThat(again.list(ListQuery.all("model", 10)).resources()).isEmpty();
    }
  }

  @Test
  void what_was_accepted_before_closing_is_written() throws Exception {
    var isBegun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> write =
          threads.submit(() ->
              store.write(tx -> {
                isBegun.countDown();
                awaitLatch(mayEnd);
                tx.insert(model("alpha", NOON));
                return "acknowledged";
              }));
      isBegun.await();
      Future<?> close = threads.submit(() -> store.close());
      mayEnd.countDown();
      close.get();
      assertThat(write.get()).isEqualTo("acknowledged");
    }

    store = open(ACCOUNT, REGION);
    assertThat(store.find(new ResourceKey("model", "alpha"))).isPresent();
  }

  @Test
  void an_interrupt_does_not_hide_what_became_of_a_write() throws Exception {
    var isBegun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var outcome = new AtomicReference<>("none");
    Thread caller =
        Thread.startVirtualThread(() -> {
          String result =
              store.write(tx -> {
                isBegun.countDown();
                awaitLatch(mayEnd);
                tx.insert(model("alpha", NOON));
                return "kept";
              });
          outcome.set(result + ", interrupted: " + Thread.currentThread().isInterrupted());
        });
    isBegun.await();
    interrupt(caller);
    mayEnd.countDown();
    caller.join();

    assertThat(outcome.get()).isEqualTo("kept, interrupted: true");
    assertThat(store.find(new ResourceKey("model", "alpha"))).isPresent();
  }

  @Test
  void lists_are_newest_first_by_default_with_names_breaking_ties() {
    insert(model("b", NOON));
    insert(model("a", NOON));
    insert(model("c", NOON.plusMillis(1)));
    insert(model("d", NOON.minusMillis(1)));

    assertThat(names(ListQuery.all("model", 10))).containsExactly("c", "b", "a", "d");
  }

  @Test
  void names_sort_by_their_code_points() {
    for (String name : List.of("b", "A", "a-1", "C", "a1", "Z")) {
      insert(model(name, NOON));
    }

    assertThat(names(query(SortBy.NAME, false, 10)))
        .containsExactly("A", "C", "Z", "a-1", "a1", "b");
  }

  @Test
  void the_last_page_has_no_next() {
    insert(model("a", NOON));
    insert(model("b", NOON));

    assertThat(store.list(ListQuery.all("model", 2)).next()).isEmpty();
    assertThat(store.list(ListQuery.all("model", 1)).next()).isPresent();
    assertThat(store.list(ListQuery.all("endpoint", 1)))
        .isEqualTo(new Page(List.of(), Optional.empty()));
  }

  @ParameterizedTest
  @EnumSource
  void pages_put_together_are_the_whole_list_in_order_both_ways(SortBy sortBy) {
    List<Resource> all = insertVaried();

    for (boolean isDescending : new boolean[] {true, false}) {
      assertThat(walk(query(sortBy, isDescending, 7)))
          .containsExactlyElementsOf(all.stream().sorted(order(sortBy, isDescending)).toList());
    }
  }

  @ParameterizedTest
  @EnumSource
  void every_combination_of_filters_gives_what_a_scan_would(SortBy sortBy) {
    List<Resource> all = insertVaried();
    var random = new Random(7);
    for (int i = 0; i < 60; i++) {
      ListQuery query = randomQuery(sortBy, random);
      assertThat(walk(query))
          .as("%s", query)
          .containsExactlyElementsOf(
              all.stream()
                  .filter(resource -> matches(query, resource))
                  .sorted(order(sortBy, query.isDescending()))
                  .toList());
    }
  }

  @ParameterizedTest
  @EnumSource
  void resources_inserted_between_pages_neither_repeat_nor_hide_others(SortBy sortBy) {
    List<Resource> all = insertVaried();
    ListQuery query = query(sortBy, true, 5);
    var seen = new ArrayList<Resource>();
    Optional<ListQuery> next = Optional.of(query);
    int page = 0;
    while (next.isPresent()) {
      Page found = store.list(next.get());
      seen.addAll(found.resources());
      insert(resource("model", "new-" + page++, NOON.plusSeconds(page), "New"));
      next = found.next().map(position -> query.from(Optional.of(position)));
    }

    assertThat(seen.stream().filter(all::contains))
        .containsExactlyElementsOf(all.stream().sorted(order(sortBy, true)).toList());
    assertThat(seen).doesNotHaveDuplicates();
  }

  @Test
  void a_page_goes_on_where_its_last_resource_was_after_that_is_deleted() {
    List.of("a", "b", "c", "d").forEach(name -> insert(model(name, NOON)));
    ListQuery query = query(SortBy.NAME, false, 2);
    Page first = store.list(query);
    delete("b");

    assertThat(names(query.from(first.next()))).containsExactly("c", "d");
  }

  @Test
  void name_contains_tells_cases_apart_and_takes_wildcards_as_letters() {
    List.of("alpha", "ALPHA-2", "alp-ha", "a%a", "a_a").forEach(name -> insert(model(name, NOON)));

    assertThat(names(containing("lph"))).containsExactly("alpha");
    assertThat(names(containing("LPH"))).containsExactly("ALPHA-2");
    assertThat(names(containing("%"))).containsExactly("a%a");
    assertThat(names(containing("_"))).containsExactly("a_a");
  }

  @Test
  void time_filters_hold_below_the_millisecond() {
    insert(model("a", NOON));

    assertThat(names(createdIn(NOON, NOON.plusNanos(1)))).containsExactly("a");
    assertThat(names(createdIn(NOON.plusNanos(1), NOON.plusSeconds(1)))).isEmpty();
    assertThat(names(createdIn(NOON.minusSeconds(1), NOON))).isEmpty();
    assertThat(names(createdIn(Instant.MIN, Instant.MAX))).containsExactly("a");
  }

  @Test
  void a_position_outside_the_filtered_times_does_not_widen_them() {
    for (int i = 0; i < 6; i++) {
      insert(model("m-" + i, NOON.plusMillis(i)));
    }
    ListQuery middle = createdIn(NOON.plusMillis(2), NOON.plusMillis(4));
    Optional<ListQuery.Position> newest = position(NOON.plusMillis(5), "m-5");
    Optional<ListQuery.Position> oldest = position(NOON, "m-0");

    assertThat(names(middle.from(newest))).containsExactly("m-3", "m-2");
    assertThat(names(ascending(middle).from(oldest))).containsExactly("m-2", "m-3");
    assertThat(names(middle.from(oldest))).isEmpty();
    assertThat(names(ascending(middle).from(newest))).isEmpty();
  }

  static Resource model(String name, Instant createdAt) {
    return resource("model", name, createdAt, "");
  }

  static Resource resource(String kind, String name, Instant createdAt, String status) {
    return new Resource(
        new ResourceKey(kind, name),
        "id-of-" + kind + "-" + name,
        "arn:aws:sagemaker:us-east-1:000000000000:" + kind + "/" + name.toLowerCase(Locale.ROOT),
        createdAt,
        createdAt,
        status,
        1,
        "{\"Name\":\"" + name + "\"}");
  }

  static Store.Work<String> inserting(Resource resource) {
    return tx -> {
      tx.insert(resource);
      return resource.id();
    };
  }

  static ListQuery query(SortBy sortBy, boolean isDescending, int limit) {
    return query("model", sortBy, isDescending, limit);
  }

  private static ListQuery query(String kind, SortBy sortBy, boolean isDescending, int limit) {
    ListQuery all = ListQuery.all(kind, limit);
    return new ListQuery(
        all.kind(),
        all.nameContains(),
        all.createdAtOrAfter(),
        all.createdBefore(),
        all.modifiedAtOrAfter(),
        all.modifiedBefore(),
        all.status(),
        sortBy,
        isDescending,
        limit,
        Optional.empty());
  }

  private static Store.Work<String> insertingUnlessOdd(int number) {
    return tx -> {
      tx.insert(model("m-" + number, NOON));
      if (number % 2 == 1) {
        throw new IllegalStateException("odd");
      }
      return "";
    };
  }

  private static ListQuery containing(String part) {
    return filtered(Optional.of(part), Optional.empty(), Optional.empty());
  }

  private static Optional<ListQuery.Position> position(Instant createdAt, String name) {
    return Optional.of(new ListQuery.Position(Long.toString(createdAt.toEpochMilli()), name));
  }

  private static ListQuery ascending(ListQuery query) {
    return new ListQuery(
        query.kind(),
        query.nameContains(),
        query.createdAtOrAfter(),
        query.createdBefore(),
        query.modifiedAtOrAfter(),
        query.modifiedBefore(),
        query.status(),
        query.sortBy(),
        false,
        query.limit(),
        query.after());
  }

  private static ListQuery createdIn(Instant from, Instant before) {
    return filtered(Optional.empty(), Optional.of(from), Optional.of(before));
  }

  private static ListQuery filtered(
      Optional<String> nameContains, Optional<Instant> from, Optional<Instant> before) {
    return new ListQuery(
        "model",
        nameContains,
        from,
        before,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        SortBy.CREATION_TIME,
        true,
        10,
        Optional.empty());
  }

  /** Inserts resources with ties in every order and names in every case. */
  private List<Resource> insertVaried() {
    var random = new Random(42);
    List<String> statuses = List.of("", "Creating", "InService", "Failed");
    var all = new ArrayList<Resource>();
    for (int i = 0; i < 60; i++) {
      String name = (i % 3 == 0 ? "Model-" : "model-") + Integer.toHexString(i * 37);
      Resource plain =
          resource("model", name, NOON.plusMillis(random.nextInt(12)), statuses.get(i % 4));
      all.add(plain.with(plain.status(), "{}", NOON.plusMillis(random.nextInt(12))));
    }
    store.write(tx -> {
      all.forEach(tx::insert);
      return "";
    });
    return all;
  }

  private static ListQuery randomQuery(SortBy sortBy, Random random) {
    return new ListQuery(
        "model",
        sometimes(random, "el-1"),
        sometimes(random, NOON.plusMillis(random.nextInt(12))),
        sometimes(random, NOON.plusMillis(random.nextInt(12))),
        sometimes(random, NOON.plusMillis(random.nextInt(12))),
        sometimes(random, NOON.plusMillis(random.nextInt(12))),
        sometimes(random, List.of("", "InService", "Gone").get(random.nextInt(3))),
        sortBy,
        random.nextBoolean(),
        1 + random.nextInt(8),
        Optional.empty());
  }

  private static <T> Optional<T> sometimes(Random random, T value) {
    return random.nextInt(3) == 0 ? Optional.of(value) : Optional.empty();
  }

  private static boolean matches(ListQuery query, Resource resource) {
    return query.nameContains().stream().allMatch(part -> resource.key().name().contains(part))
        && query.createdAtOrAfter().stream().noneMatch(resource.createdAt()::isBefore)
        && query.createdBefore().stream().allMatch(resource.createdAt()::isBefore)
        && query.modifiedAtOrAfter().stream().noneMatch(resource.modifiedAt()::isBefore)
        && query.modifiedBefore().stream().allMatch(resource.modifiedAt()::isBefore)
        && query.status().stream().allMatch(resource.status()::equals);
  }

  private static Comparator<Resource> order(SortBy sortBy, boolean isDescending) {
    Comparator<Resource> byName = Comparator.comparing(resource -> resource.key().name());
    Comparator<Resource> order =
        switch (sortBy) {
          case NAME -> byName;
          case CREATION_TIME -> Comparator.comparing(Resource::createdAt).thenComparing(byName);
          case LAST_MODIFIED_TIME ->
              Comparator.comparing(Resource::modifiedAt).thenComparing(byName);
          case STATUS -> Comparator.comparing(Resource::status).thenComparing(byName);
        };
    return isDescending ? order.reversed() : order;
  }

  private List<Resource> walk(ListQuery query) {
    var seen = new ArrayList<Resource>();
    Optional<ListQuery> next = Optional.of(query);
    while (next.isPresent()) {
      Page page = store.list(next.get());
      assertThat(page.resources().size()).isLessThanOrEqualTo(query.limit());
      seen.addAll(page.resources());
      next = page.next().map(position -> query.from(Optional.of(position)));
    }
    return seen;
  }

  private List<String> names(ListQuery query) {
    return store.list(query).resources().stream().map(resource -> resource.key().name()).toList();
  }

  private Resource found(String name) {
    return store.find(new ResourceKey("model", name)).orElseThrow();
  }

  final void insert(Resource resource) {
    store.write(inserting(resource));
  }

  private boolean delete(String name) {
    return store.write(tx -> tx.delete(new ResourceKey("model", name)));
  }

  private static void tag(Store store, String arn, Map<String, String> tags) {
    store.write(tx -> {
      tx.putTags(arn, tags);
      return "";
    });
  }

  private void count() {
    while (true) {
      Resource read = store.find(new ResourceKey("endpoint", "counter")).orElseThrow();
      String next = Integer.toString(Integer.parseInt(read.status()) + 1);
      try {
        store.write(tx -> tx.update(read.with(next, "{}", NOON)));
        return;
      } catch (StaleResourceException _) {
        // another was faster
      }
    }
  }

  private void lockAndCount() {
    store.write(tx -> {
      Resource read = tx.lock(new ResourceKey("endpoint", "counter")).orElseThrow();
      return tx.update(
          read.with(Integer.toString(Integer.parseInt(read.status()) + 1), "{}", NOON));
    });
  }

  private static ListQuery ofNames(String kind, String part) {
    ListQuery all = ListQuery.all(kind, 10);
    return new ListQuery(
        kind,
        Optional.of(part),
        all.createdAtOrAfter(),
        all.createdBefore(),
        all.modifiedAtOrAfter(),
        all.modifiedBefore(),
        all.status(),
        all.sortBy(),
        all.isDescending(),
        all.limit(),
        all.after());
  }

  private static ListQuery ofStatus(String status) {
    ListQuery all = ListQuery.all("version", 10);
    return new ListQuery(
        all.kind(),
        all.nameContains(),
        all.createdAtOrAfter(),
        all.createdBefore(),
        all.modifiedAtOrAfter(),
        all.modifiedBefore(),
        Optional.of(status),
        all.sortBy(),
        all.isDescending(),
        all.limit(),
        all.after());
  }

  private static boolean hasSucceeded(Future<String> write) throws InterruptedException {
    try {
      write.get();
      return true;
    } catch (ExecutionException e) {
      assertThat(e.getCause())
          .isInstanceOfAny(ResourceExistsException.class, IllegalStateException.class);
      return false;
    }
  }

  /** Interrupts a thread that waits, once it does. */
  private static void interrupt(Thread waiting) {
    await()
        .until(() ->
            waiting.getState() == Thread.State.WAITING
                || waiting.getState() == Thread.State.TIMED_WAITING);
    waiting.interrupt();
  }

  static void awaitLatch(CountDownLatch latch) {
    boolean isInterrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException _) {
        isInterrupted = true;
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
