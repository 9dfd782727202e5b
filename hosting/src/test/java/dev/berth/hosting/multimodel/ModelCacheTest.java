package dev.berth.hosting.multimodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.runtime.ModelHost.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ModelCacheTest {
  private static final ModelPrefix PREFIX = new ModelPrefix(S3Uri.parse("s3://models/all"));

  /** Of each model in memory; with what is counted on top, three of them fit into 9,000. */
  private static final long MODEL_BYTES = 500;

  /** Room that is counted and never lacks. */
  private static final long PLENTY = 1L << 40;

  /** At a time. */
  private static final int LOADS = 4;

  private final FakeArtifacts artifacts = new FakeArtifacts();
  private FakeHost host = new FakeHost(Long.MAX_VALUE, 0);
  private ModelCache cache = cache(true, Duration.ofSeconds(30));

  private ModelCache cache(boolean isCached, Duration timeout) {
    return new ModelCache(
        new ModelCacheConfig(PREFIX, isCached, 4, LOADS, 100, timeout), artifacts, host, "test");
  }

  private void with(FakeHost newHost) {
    cache.close();
    host = newHost;
    cache = cache(true, Duration.ofSeconds(30));
  }

  @AfterEach
  void close() {
    cache.close();
    await().untilAsserted(() -> assertThat(artifacts.open).isEmpty());
  }

  /** An answer to one who asked. */
  private static final class Asked implements ModelCache.Waiter {
    final CompletableFuture<LoadedModel> model = new CompletableFuture<>();
    final CompletableFuture<LoadFailure> failure = new CompletableFuture<>();

    @Override
    public void ready(LoadedModel ready) {
      model.complete(ready);
    }

    @Override
    public void failed(LoadFailure why) {
      failure.complete(why);
    }

    LoadedModel get() {
      return model.orTimeout(10, TimeUnit.SECONDS).join();
    }

    LoadFailure why() {
      return failure.orTimeout(10, TimeUnit.SECONDS).join();
    }
  }

  private Asked ask(String name) {
    var asked = new Asked();
    cache.load(name, asked);
    return asked;
  }

  private void use(String name) {
    LoadedModel present = cache.find(name);
    (present == null ? ask(name).get() : present).release();
  }

  /** Asks until the model comes: where the time for a load is short, a slow machine needs more. */
  private LoadedModel insist(String name) {
    while (true) {
      Asked asked = ask(name);
      CompletableFuture.anyOf(asked.model, asked.failure).orTimeout(10, TimeUnit.SECONDS).join();
      if (asked.model.isDone()) {
        return asked.get();
      }
      assertThat(asked.why()).isInstanceOf(LoadFailure.NotReady.class);
    }
  }

  private static String id(String name) {
    return "all/" + name + "@1";
  }

  private List<String> inMemory() {
    return cache.view().models().stream().map(ModelCacheView.ModelView::name).sorted().toList();
  }

  @Test
  void a_model_that_was_asked_for_is_found_afterwards() {
    assertThat(cache.find("a")).isNull();
    ask("a").get().release();
    LoadedModel found = cache.find("a");
    assertThat(found).isNotNull();
    assertThat(found.id()).isEqualTo(id("a"));
    assertThat(found.inFlight()).isEqualTo(1);
    found.release();
    assertThat(artifacts.staged).containsExactly("all/a");
  }

  @Test
  void a_hundred_who_ask_at_once_share_one_download_and_one_load() {
    var gate = new CountDownLatch(1);
    host.gates.put(id("a"), gate);
    List<Asked> all = IntStream.range(0, 100).mapToObj(_ -> ask("a")).toList();
    gate.countDown();
    all.forEach(asked -> asked.get().release());
    assertThat(artifacts.staged).containsExactly("all/a");
    assertThat(host.loads).containsExactly(id("a"));
    assertThat(cache.inFlight("a")).isZero();
  }

  @Test
  void a_few_are_loaded_at_a_time_and_the_others_wait_their_turn_but_for_those_in_memory() {
    use("here");
    List<String> names = IntStream.range(0, 12).mapToObj(i -> "m" + i).toList();
    var gate = new CountDownLatch(1);
    names.forEach(name -> host.gates.put(id(name), gate));
    List<Asked> all = names.stream().map(this::ask).toList();
    await().untilAsserted(() -> assertThat(host.loads).hasSize(1 + LOADS));
    use("here");
    gate.countDown();
    all.forEach(asked -> asked.get().release());
    assertThat(host.mostAtOnce).hasValue(LOADS);
  }

  @Test
  void the_model_that_was_used_least_recently_goes_first() {
    with(new FakeHost(9_000, MODEL_BYTES));
    Stream.of("a", "b", "c").forEach(this::use);
    use("a");
    use("d");
    assertThat(inMemory()).containsExactly("a", "c", "d");
    assertThat(host.unloads).containsExactly(id("b"));
    assertThat(host.present).hasSize(3);
    assertThat(cache.view().usedBytes()).isLessThanOrEqualTo(9_000);
  }

  @Test
  void a_model_in_use_stays_however_long_ago_it_was_used() {
    with(new FakeHost(9_000, MODEL_BYTES));
    LoadedModel held = ask("a").get();
    Stream.of("b", "c", "d", "e", "f").forEach(this::use);
    assertThat(host.unloads).doesNotContain(id("a"));
    assertThat(cache.find("a")).isSameAs(held);
    held.release();
    held.release();
  }

  @Test
  void a_load_waits_for_room_while_all_models_are_in_use() {
    with(new FakeHost(9_000, MODEL_BYTES));
    List<LoadedModel> held = Stream.of("a", "b", "c").map(name -> ask(name).get()).toList();
    Asked waiting = ask("d");
    assertThat(waiting.model).isNotDone();
    held.get(1).release();
    waiting.get().release();
    assertThat(host.unloads).containsExactly(id("b"));
    held.get(0).release();
    held.get(2).release();
  }

  @Test
  void who_waits_for_room_in_vain_leaves_the_count_as_it_was() {
    with(new FakeHost(9_000, MODEL_BYTES));
    cache.close();
    cache = cache(true, Duration.ofMillis(100));
    List<LoadedModel> held = Stream.of("a", "b", "c").map(this::insist).toList();
    Long used = cache.view().usedBytes();
    assertThat(ask("d").why()).isInstanceOf(LoadFailure.NotReady.class);
    assertThat(cache.view().usedBytes()).isEqualTo(used);
    held.forEach(LoadedModel::release);
  }

  @Test
  void room_is_kept_for_what_models_of_like_size_took() {
    with(new FakeHost(9_000, MODEL_BYTES));
    use("a");
    List<CountDownLatch> gates = Stream.of("b", "c").map(name -> new CountDownLatch(1)).toList();
    host.gates.put(id("b"), gates.get(0));
    host.gates.put(id("c"), gates.get(1));
    List<Asked> all = Stream.of("b", "c").map(this::ask).toList();
    await().untilAsserted(() -> assertThat(host.loads).contains(id("b"), id("c")));
    assertThat(cache.view().usedBytes()).isEqualTo(3 * (MODEL_BYTES + 2048));
    gates.forEach(CountDownLatch::countDown);
    all.forEach(asked -> asked.get().release());
  }

  @Test
  void a_host_that_does_not_tell_what_models_take_is_told_the_size_of_their_files() {
    with(new FakeHost(Long.MAX_VALUE, 0));
    ask("a").get().release();
    ask("b").get().release();
    assertThat(host.expected.get(1)).isEqualTo(host.expected.get(0)).isGreaterThan(1);
  }

  @Test
  void models_that_took_more_than_was_expected_go_once_nobody_uses_them() {
    with(new FakeHost(9_000, MODEL_BYTES));
    var gate = new CountDownLatch(1);
    List<String> names = List.of("a", "b", "c", "d");
    names.forEach(name -> host.gates.put(id(name), gate));
    List<Asked> all = names.stream().map(this::ask).toList();
    await().untilAsserted(() -> assertThat(host.loads).hasSize(4));
    gate.countDown();
    List<LoadedModel> held = all.stream().map(Asked::get).toList();
    await().untilAsserted(() -> assertThat(cache.view().usedBytes()).isGreaterThan(9_000));
    await().untilAsserted(() -> assertThat(cache.view().loadingModelCount()).isZero());
    assertThat(host.unloads).isEmpty();
    held.forEach(LoadedModel::release);
    await().untilAsserted(() -> assertThat(cache.view().usedBytes()).isLessThanOrEqualTo(9_000));
    assertThat(host.present).hasSize(3);
  }

  @Test
  void who_needs_the_memory_of_a_model_that_is_leaving_waits_for_it() {
    host = new FakeHost(3_000, MODEL_BYTES);
    cache.close();
    cache = cache(false, Duration.ofSeconds(30));
    var exit = new CountDownLatch(1);
    host.exits.put(id("a"), exit);
    use("a");
    await().untilAsserted(() -> assertThat(host.unloads).containsExactly(id("a")));
    Asked next = ask("b");
    await().untilAsserted(() -> assertThat(artifacts.staged).contains("all/b"));
    exit.countDown();
    next.get().release();
  }

  @Test
  void a_container_without_room_gets_it_by_evictions() {
    host.room = 2;
    Stream.of("a", "b", "c").forEach(this::use);
    assertThat(inMemory()).containsExactly("b", "c");
    assertThat(host.present).containsExactlyInAnyOrder(id("b"), id("c"));
  }

  @Test
  void a_model_that_does_not_fit_into_an_empty_container_is_refused_with_507() {
    with(new FakeHost(PLENTY, 0));
    host.room = 0;
    assertThat(ask("a").why()).isEqualTo(new LoadFailure.Rejected(507, "no memory"));
    assertThat(cache.view().usedBytes()).isZero();
  }

  @Test
  void a_model_larger_than_the_whole_budget_is_unloaded_again_and_hurts_nobody() {
    with(new FakeHost(9_000, 8_000));
    assertThat(ask("huge").why())
        .isInstanceOfSatisfying(
            LoadFailure.Rejected.class, refused -> assertThat(refused.status()).isEqualTo(507));
    assertThat(host.present).isEmpty();
    assertThat(cache.view().usedBytes()).isZero();
  }

  @Test
  void without_caching_a_model_goes_with_its_last_user_from_memory_and_disk() {
    cache.close();
    cache = cache(false, Duration.ofSeconds(30));
    LoadedModel first = ask("a").get();
    LoadedModel second = ask("a").get();
    first.release();
    assertThat(cache.find("a")).isNotNull().satisfies(LoadedModel::release);
    second.release();
    await().untilAsserted(() -> assertThat(host.unloads).containsExactly(id("a")));
    await().untilAsserted(() -> assertThat(artifacts.discarded).containsExactly(id("a")));
    assertThat(host.present).isEmpty();
  }

  @Test
  void who_asks_while_a_model_leaves_gets_it_loaded_anew() {
    with(new FakeHost(PLENTY, 0));
    cache.close();
    cache = cache(false, Duration.ofSeconds(30));
    for (int i = 0; i < 200; i++) {
      use("a");
    }
    await().untilAsserted(() -> assertThat(host.present).isEmpty());
    assertThat(cache.view().usedBytes()).isZero();
  }

  @Test
  void a_slow_load_goes_on_and_is_ready_for_the_next_who_asks() {
    var gate = new CountDownLatch(1);
    host.gates.put(id("a"), gate);
    Asked impatient = ask("a");
    assertThat(cache.find("a")).isNull();
    gate.countDown();
    Asked later = ask("a");
    later.get().release();
    impatient.get().release();
    assertThat(host.loads).containsExactly(id("a"));
  }

  @Test
  void a_load_that_takes_too_long_is_given_up_and_the_next_begins_anew() {
    with(new FakeHost(PLENTY, 0));
    cache.close();
    cache = cache(true, Duration.ofMillis(50));
    host.gates.put(id("a"), new CountDownLatch(1));
    assertThat(ask("a").why()).isInstanceOf(LoadFailure.NotReady.class);
    host.gates.clear();
    insist("a").release();
    assertThat(cache.view().usedBytes()).isPositive();
  }

  @Test
  void a_model_that_the_container_rejects_hurts_no_other_and_is_tried_again() {
    host.refused.put(id("bad"), new Refusal.Rejected(400, "not a model"));
    use("good");
    assertThat(ask("bad").why()).isEqualTo(new LoadFailure.Rejected(400, "not a model"));
    assertThat(cache.find("good")).isNotNull().satisfies(LoadedModel::release);
    host.refused.clear();
    use("bad");
    assertThat(inMemory()).containsExactly("bad", "good");
    assertThat(cache.view().lastError()).isEqualTo("bad: not a model");
  }

  @Test
  void what_s3_does_not_have_is_said_with_its_place() {
    artifacts.broken.put("all/x", new StagingException(Kind.DOWNLOAD, "no such object"));
    assertThat(ask("x").why())
        .isEqualTo(new LoadFailure.Download(new S3Uri("models", "all/x"), "no such object"));
  }

  @Test
  void a_name_that_leads_out_of_the_prefix_is_refused_without_asking_s3() {
    for (String name : List.of("../x", "a/../../x", "..", "", "a/")) {
      assertThat(ask(name).why()).isInstanceOf(LoadFailure.BadName.class);
    }
    assertThat(artifacts.staged).isEmpty();
    use("a..b/..c");
  }

  @Test
  void a_full_disk_gets_room_by_evictions() {
    artifacts.room = 2;
    Stream.of("a", "b", "c").forEach(this::use);
    assertThat(inMemory()).containsExactly("b", "c");
  }

  @Test
  void a_disk_that_is_too_small_for_one_is_an_answer() {
    artifacts.room = 0;
    assertThat(ask("a").why()).isEqualTo(new LoadFailure.Rejected(507, "the disk is full"));
  }

  @Test
  void what_can_not_be_unloaded_is_tried_again_when_room_is_needed() {
    host.room = 2;
    host.sticky.add(id("a"));
    Stream.of("a", "b").forEach(this::use);
    use("c");
    assertThat(host.unloads).containsExactly(id("a"), id("a"), id("b"));
    assertThat(inMemory()).containsExactly("c");
    host.sticky.clear();
    Stream.of("a", "c", "d").forEach(this::use);
    assertThat(host.present).hasSize(2);
  }

  @Test
  void what_never_unloads_is_tried_each_time_and_the_others_still_come_and_go() {
    host.room = 3;
    host.sticky.add(id("stuck"));
    use("stuck");
    IntStream.range(0, 10).forEach(i -> use("m" + i));
    assertThat(host.present).hasSize(3).contains(id("stuck"), id("m8"), id("m9"));
    host.sticky.clear();
    Stream.of("x", "y").forEach(this::use);
    assertThat(host.present).containsExactlyInAnyOrder(id("m9"), id("x"), id("y"));
  }

  @Test
  void an_unload_that_blows_up_hurts_neither_its_model_nor_another() {
    with(new FakeHost(9_000, MODEL_BYTES));
    host.exploding.add(id("a"));
    Stream.of("a", "b", "c", "d", "a", "e").forEach(this::use);
    assertThat(cache.view().failures()).isZero();
    assertThat(cache.view().loadedModelCount()).isEqualTo(3);
    assertThat(cache.view().lastError()).contains("it blows up");
  }

  @Test
  void an_overwritten_object_shows_once_its_model_was_unloaded() {
    host.room = 1;
    use("a");
    artifacts.version = 2;
    use("a");
    assertThat(host.present).containsExactly("all/a@1");
    use("b");
    use("a");
    assertThat(host.present).containsExactly("all/a@2");
  }

  @Test
  void a_model_that_the_container_has_lost_is_loaded_anew_while_its_users_go_on() {
    LoadedModel first = ask("a").get();
    LoadedModel second = cache.find("a");
    host.present.clear();
    var isThere = new CompletableFuture<Boolean>();
    cache.check(first, isThere::complete);
    assertThat(isThere.orTimeout(10, TimeUnit.SECONDS).join()).isFalse();
    first.release();
    assertThat(cache.find("a")).isNull();
    ask("a").get().release();
    assertThat(host.loads).containsExactly(id("a"), id("a"));
    assertThat(second).isNotNull();
    second.release();
    assertThat(cache.view().loadedModelCount()).isEqualTo(1);
  }

  @Test
  void what_a_model_takes_is_told_as_it_was_counted_or_measured_and_is_else_unknown() {
    Stream.of("measured", "unknown").forEach(this::use);
    host.measured.put(id("measured"), 12_345_678L);
    assertThat(memory()).containsExactly("12,345,678 bytes", "unknown");
    assertThat(cache.view().models().stream().map(ModelCacheView.ModelView::memoryBytes))
        .containsExactlyInAnyOrder(12_345_678L, null);

    with(new FakeHost(9_000, MODEL_BYTES));
    use("counted");
    assertThat(memory()).containsExactly("500 bytes");
  }

  private List<String> memory() {
    return cache.view().models().stream().map(ModelCacheView.ModelView::memory).sorted().toList();
  }

  @Test
  void a_model_that_its_host_has_lost_is_loaded_anew_and_the_reason_is_told() {
    LoadedModel first = ask("a").get();
    host.losses.lost(id("a"), "it hangs");

    assertThat(cache.find("a")).isNull();
    LoadedModel second = ask("a").get();
    assertThat(second).isNotSameAs(first);
    assertThat(cache.view().lastError()).isEqualTo("a: it hangs");
    host.losses.lost("another", "it hangs");
    second.release();
    first.release();
    assertThat(inMemory()).containsExactly("a");
  }

  @Test
  void who_doubts_a_model_of_which_nothing_is_known_gets_it_again() throws Exception {
    LoadedModel first = ask("a").get();
    var answers = Stream.generate(CompletableFuture<Boolean>::new).limit(3).toList();
    answers.forEach(answer -> cache.doubt(first, answer::complete));
    Asked meanwhile = ask("a");

    for (CompletableFuture<Boolean> answer : answers) {
      assertThat(answer.get(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(meanwhile.get()).isSameAs(first);
    assertThat(first.inFlight()).isEqualTo(2);
    first.release();
    first.release();
    assertThat(host.loads).containsExactly(id("a"));
    assertThat(cache.view().loadedModelCount()).isEqualTo(1);
  }

  @Test
  void what_an_earlier_process_has_loaded_goes_first_when_room_is_needed() {
    var earlier = new FakeHost(Long.MAX_VALUE, 0);
    earlier.present.addAll(List.of("old-1", "old-2"));
    earlier.room = 3;
    with(earlier);
    Stream.of("a", "b", "c").forEach(this::use);
    assertThat(inMemory()).containsExactly("a", "b", "c");
    assertThat(host.unloads).containsExactlyInAnyOrder("old-1", "old-2");
  }

  @Test
  void too_many_on_their_way_are_told_to_come_again() {
    cache.close();
    cache =
        new ModelCache(
            new ModelCacheConfig(PREFIX, true, 4, 4, 2, Duration.ofSeconds(30)),
            artifacts,
            host,
            "test");
    var gate = new CountDownLatch(1);
    Stream.of("a", "b").forEach(name -> host.gates.put(id(name), gate));
    List<Asked> first = Stream.of("a", "b").map(this::ask).toList();
    assertThat(ask("c").why()).isInstanceOf(LoadFailure.NotReady.class);
    gate.countDown();
    first.forEach(asked -> asked.get().release());
    use("c");
  }

  @Test
  void closing_fails_those_who_wait() {
    host.gates.put(id("a"), new CountDownLatch(1));
    Asked waiting = ask("a");
    cache.close();
    assertThat(waiting.why()).isInstanceOf(LoadFailure.InstanceGone.class);
    assertThat(ask("b").why()).isInstanceOf(LoadFailure.InstanceGone.class);
  }

  @Test
  void a_storm_over_twice_what_fits_ends_with_every_answer_given_and_the_budget_held()
      throws Exception {
    with(new FakeHost(20 * (MODEL_BYTES + 2048), MODEL_BYTES));
    use("m0"); // from here on it is known what they take
    var answered = new AtomicInteger();
    var most = new AtomicInteger();
    try (var threads = Executors.newFixedThreadPool(8)) {
      var all = new ArrayList<Future<?>>();
      for (int t = 0; t < 8; t++) {
        var random = new Random(t);
        all.add(
            threads.submit(() -> {
              for (int i = 0; i < 1_000; i++) {
                use("m" + random.nextInt(40));
                answered.incrementAndGet();
                most.accumulateAndGet(host.present.size(), Math::max);
              }
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertThat(answered).hasValue(8_000);
    assertThat(most).hasValueLessThanOrEqualTo(20);
    ModelCacheView view = cache.view();
    assertThat(view.usedBytes()).isLessThanOrEqualTo(20 * (MODEL_BYTES + 2048));
    assertThat(view.loadedModelCount()).isEqualTo(host.present.size());
    assertThat(view.loadingModelCount()).isZero();
    assertThat(view.failures()).isZero();
  }

  @Test
  void the_metrics_of_sagemaker_are_counted() {
    use("a");
    use("a");
    host.refused.put(id("b"), new Refusal.Rejected(400, "no"));
    ask("b").why();
    ModelCacheView view = cache.view();
    assertThat(view.metrics().get("ModelCacheHit")).isEqualTo(new Statistics(3, 1, 0, 1));
    assertThat(view.metrics().get("ModelLoadingTime").sampleCount()).isEqualTo(2);
    assertThat(view.metrics().get("ModelDownloadingTime").sampleCount()).isEqualTo(2);
    assertThat(view.loads()).isEqualTo(1);
    assertThat(view.failures()).isEqualTo(1);
  }
}
