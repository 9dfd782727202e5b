package dev.berth.hosting.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ArtifactCacheTest extends ArtifactFixture {
  private static final String PREFIX = "s3://models/llm/";

  @Test
  void a_single_object_becomes_one_file() throws Exception {
    objects.put("s3://models/a/model.onnx", "onnx".getBytes(StandardCharsets.UTF_8));
    var source = new ModelSource.SingleObject(S3Uri.parse("s3://models/a/model.onnx"));
    try (StagedArtifact staged = stage(source)) {
      assertThat(files(staged.directory())).isEqualTo(Map.of("model.onnx", "onnx"));
    }
  }

  @Test
  void a_prefix_becomes_its_objects_by_their_relative_keys() throws Exception {
    objects.put(PREFIX + "config.json", "{}".getBytes(StandardCharsets.UTF_8));
    objects.put(PREFIX + "weights/1.bin", "one".getBytes(StandardCharsets.UTF_8));
    objects.put("s3://models/llm-other/x", "x".getBytes(StandardCharsets.UTF_8));
    try (StagedArtifact staged = stage(prefix())) {
      assertThat(files(staged.directory()))
          .isEqualTo(Map.of("config.json", "{}", "weights/1.bin", "one"));
    }
  }

  @Test
  void an_empty_prefix_is_a_failed_download() throws Exception {
    var failure = failure(prefix());
    assertThat(failure.kind()).isEqualTo(Kind.DOWNLOAD);
    assertThat(failure).hasMessageContaining("no object below s3://models/llm/");
  }

  @Test
  void a_folder_key_below_a_prefix_fails_it() throws Exception {
    objects
        .put(PREFIX + "config.json", "{}".getBytes(StandardCharsets.UTF_8))
        .put(PREFIX + "empty/", new byte[0]);
    var failure = failure(prefix());
    assertThat(failure.kind()).isEqualTo(Kind.DOWNLOAD);
    assertThat(failure)
        .hasMessageContaining("s3://models/llm/empty/")
        .hasMessageContaining("folder");
  }

  @Test
  void a_key_that_is_also_a_folder_fails_its_prefix() throws Exception {
    objects
        .put(PREFIX + "weights", "x".getBytes(StandardCharsets.UTF_8))
        .put(PREFIX + "weights/part1", "x".getBytes(StandardCharsets.UTF_8));
    var failure = failure(prefix());
    assertThat(failure.kind()).isEqualTo(Kind.DOWNLOAD);
    assertThat(failure).hasMessageContaining("'weights' clashes");
  }

  @Test
  void a_missing_object_is_a_failed_download_with_its_name() throws Exception {
    var failure = failure(ARCHIVE);
    assertThat(failure.kind()).isEqualTo(Kind.DOWNLOAD);
    assertThat(failure).hasMessage("there is no object at " + MODEL);
  }

  @Test
  void a_download_that_breaks_off_says_after_how_much() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.breakAfterBytes = 40;
    var failure = failure(ARCHIVE);
    assertThat(failure.kind()).isEqualTo(Kind.DOWNLOAD);
    assertThat(failure)
        .hasMessageContaining("broke off after 40 of")
        .hasMessageContaining("Connection reset");
  }

  @Test
  void a_download_that_ends_too_soon_is_not_taken_for_a_damaged_archive() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.breakAfterBytes = 40;
    objects.breaksLoudly = false;
    assertThat(failure(ARCHIVE).kind()).isEqualTo(Kind.DOWNLOAD);
  }

  @Test
  void content_that_is_staged_is_not_downloaded_again() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    Path first;
    try (StagedArtifact staged = stage(ARCHIVE)) {
      first = staged.directory();
    }
    try (StagedArtifact staged = stage(ARCHIVE)) {
      assertThat(staged.directory()).isEqualTo(first);
    }
    assertThat(objects.opens).hasValue(1);
  }

  @Test
  void new_content_under_the_same_key_is_staged_beside_the_old() throws Exception {
    objects.put(MODEL, new Tars().file("a", "old").gzip());
    try (StagedArtifact old = stage(ARCHIVE)) {
      objects.put(MODEL, new Tars().file("a", "new").gzip());
      try (StagedArtifact fresh = stage(ARCHIVE)) {
        assertThat(files(fresh.directory())).isEqualTo(Map.of("a", "new"));
        assertThat(files(old.directory())).isEqualTo(Map.of("a", "old"));
      }
    }
  }

  @Test
  void a_hundred_requests_at_once_are_one_download() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.gate = new CountDownLatch(1);
    List<Future<StagedArtifact>> requests = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        requests.add(threads.submit(() -> stage(ARCHIVE)));
      }
      await().until(() -> objects.heads.get() >= 100);
      objects.gate.countDown();
      for (Future<StagedArtifact> request : requests) {
        assertThat(files(request.get().directory())).isEqualTo(Map.of("a", "x"));
      }
    }
    assertThat(objects.opens).hasValue(1);
  }

  @Test
  void a_failure_reaches_all_who_waited() throws Exception {
    objects.put(MODEL, "not an archive".getBytes(StandardCharsets.UTF_8));
    objects.gate = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StagedArtifact> one = threads.submit(() -> stage(ARCHIVE));
      Future<StagedArtifact> other = threads.submit(() -> stage(ARCHIVE));
      await().until(() -> objects.heads.get() >= 2);
      objects.gate.countDown();
      for (Future<StagedArtifact> request : List.of(one, other)) {
        assertThatThrownBy(request::get)
            .cause()
            .isInstanceOfSatisfying(
                StagingException.class, e -> assertThat(e.kind()).isEqualTo(Kind.EXTRACT));
      }
    }
    assertNothingHalfDone();
  }

  @Test
  void a_staging_goes_on_until_its_last_waiter_is_interrupted() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.gate = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StagedArtifact> one = threads.submit(() -> stage(ARCHIVE));
      Future<StagedArtifact> other = threads.submit(() -> stage(ARCHIVE));
      await().until(() -> objects.heads.get() >= 3); // two heads, and the open's own
      one.cancel(true);
      assertThat(folder.resolve("staging")).isNotEmptyDirectory();
      other.cancel(true);
    }
    assertNothingHalfDone();
  }

  @Test
  void whoever_comes_after_a_cancelled_staging_gets_a_new_one() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.gate = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StagedArtifact> cancelled = threads.submit(() -> stage(ARCHIVE));
      objects.begun.await();
      cancelled.cancel(true);
      objects.gate.countDown();
      assertThat(files(threads.submit(() -> stage(ARCHIVE)).get().directory()))
          .isEqualTo(Map.of("a", "x"));
    }
  }

  @Test
  void a_staging_that_takes_too_long_is_a_timeout() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.gate = new CountDownLatch(1);
    var patience = Duration.ofMillis(50);
    StagingException failure = timeout(patience);
    while (objects.opens.get() == 0) { // a slow machine: the time was up before the download began
      patience = patience.multipliedBy(2);
      failure = timeout(patience);
    }
    assertThat(failure)
        .hasMessageContaining("longer than " + patience)
        .hasMessageContaining("ModelDataDownloadTimeoutInSeconds");
    await().untilAsserted(this::assertNothingHalfDone);
  }

  private StagingException timeout(Duration patience) {
    StagingException failure =
        catchThrowableOfType(
            StagingException.class, () -> cache.stage(ARCHIVE, patience, (_, _) -> {}));
    assertThat(failure.kind()).isEqualTo(Kind.TIMEOUT);
    return failure;
  }

  @Test
  void progress_ends_at_the_whole_size() throws Exception {
    byte[] archive = new Tars().file("a", "x".repeat(100_000)).gzip();
    objects.put(MODEL, archive);
    List<String> told = new ArrayList<>();
    cache.stage(ARCHIVE, PATIENCE, (done, total) -> told.add(done + " of " + total)).close();
    assertThat(told).last().isEqualTo(archive.length + " of " + archive.length);
  }

  @Test
  void the_least_recently_used_artifact_goes_when_the_budget_is_full() throws Exception {
    cache = cache(100_000, 100);
    for (String name : List.of("a", "b")) {
      objects.put("s3://models/" + name, new byte[40_000]);
    }
    Path a = stagedAndClosed("a");
    now.set(now.get().plusSeconds(1));
    Path b = stagedAndClosed("b");
    now.set(now.get().plusSeconds(1));
    assertThat(stagedAndClosed("a")).isEqualTo(a);
    objects.put("s3://models/c", new byte[40_000]);
    Path c = stagedAndClosed("c");
    assertThat(a).exists();
    assertThat(b).doesNotExist();
    assertThat(c).exists();
  }

  @Test
  void an_artifact_in_use_is_never_evicted() throws Exception {
    cache = cache(60_000, 100);
    objects.put("s3://models/a", new byte[40_000]).put("s3://models/b", new byte[40_000]);
    try (StagedArtifact inUse = stage(single("a"))) {
      assertThatThrownBy(() -> stage(single("b")))
          .isInstanceOfSatisfying(
              StagingException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_LARGE))
          .hasMessageContaining("budget of 60,000 bytes");
      assertThat(inUse.directory()).exists();
    }
    stage(single("b")).close();
  }

  @Test
  void closing_a_pin_twice_releases_it_once() throws Exception {
    cache = cache(60_000, 100);
    objects.put("s3://models/a", new byte[40_000]).put("s3://models/b", new byte[40_000]);
    StagedArtifact twice = stage(single("a"));
    try (StagedArtifact other = stage(single("a"))) {
      twice.close();
      twice.close();
      assertThatThrownBy(() -> stage(single("b"))).isInstanceOf(StagingException.class);
      assertThat(other.directory()).exists();
    }
  }

  @Test
  void a_failed_staging_gives_its_space_back() throws Exception {
    cache = cache(100_000, 100);
    objects.put(
        MODEL, new Tars().file("a", new byte[80_000], 0644).special("l", (byte) '2', "x").gzip());
    assertThat(failure(ARCHIVE).kind()).isEqualTo(Kind.EXTRACT);
    objects.put("s3://models/b", new byte[80_000]);
    stage(single("b")).close();
  }

  @Test
  void a_restart_finds_what_is_staged() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    stage(ARCHIVE).close();
    cache.close();
    cache = cache(Long.MAX_VALUE, 100);
    try (StagedArtifact staged = stage(ARCHIVE)) {
      assertThat(files(staged.directory())).isEqualTo(Map.of("a", "x"));
    }
    assertThat(objects.opens).hasValue(1);
  }

  @Test
  void a_restart_removes_what_a_crash_left() throws Exception {
    Path leftover = Files.createDirectories(folder.resolve("staging/x-1/model/deep"));
    Files.writeString(leftover.resolve("part"), "half");
    Trees.permit(leftover, "r-xr-xr-x");
    Path damaged = Files.createDirectories(folder.resolve("ready/0123/model"));
    cache = cache(Long.MAX_VALUE, 100);
    await().untilAsserted(this::assertNothingHalfDone);
    assertThat(damaged).doesNotExist();
  }

  @Test
  void an_artifact_that_was_removed_by_hand_is_staged_anew() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    Path staged = stagedAndClosed(ARCHIVE);
    Trees.delete(staged);
    try (StagedArtifact again = stage(ARCHIVE)) {
      assertThat(files(again.directory())).isEqualTo(Map.of("a", "x"));
    }
  }

  @Test
  void an_earlier_process_artifact_is_adopted_by_its_directory() throws Exception {
    objects.put("s3://models/a", new byte[40_000]).put("s3://models/b", new byte[40_000]);
    Path a = stagedAndClosed("a");
    cache = cache(60_000, 100);
    StagedArtifact adopted = cache.adopt(a).orElseThrow();
    assertThatThrownBy(() -> stage(single("b"))).isInstanceOf(StagingException.class);
    adopted.close();
    stage(single("b")).close();
    assertThat(cache.adopt(a)).isEmpty();
    assertThat(cache.adopt(folder)).isEmpty();
  }

  @Test
  void closing_the_cache_ends_what_is_under_way() throws Exception {
    objects.put(MODEL, new Tars().file("a", "x").gzip());
    objects.gate = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<StagedArtifact> waiting = threads.submit(() -> stage(ARCHIVE));
      objects.begun.await();
      cache.close();
      assertThatThrownBy(waiting::get)
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("Berth is stopping");
    }
    assertNothingHalfDone();
  }

  private static ModelSource prefix() {
    return new ModelSource.Prefix(S3Uri.parse(PREFIX));
  }

  private static ModelSource single(String name) {
    return new ModelSource.SingleObject(S3Uri.parse("s3://models/" + name));
  }

  private Path stagedAndClosed(String name) throws Exception {
    return stagedAndClosed(single(name));
  }

  private Path stagedAndClosed(ModelSource source) throws Exception {
    try (StagedArtifact staged = stage(source)) {
      return staged.directory();
    }
  }
}
