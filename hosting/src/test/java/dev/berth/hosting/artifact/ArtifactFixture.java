package dev.berth.hosting.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A cache over objects in memory, in a folder of its own, at a time that tests set. */
abstract class ArtifactFixture {
  static final Duration PATIENCE = Duration.ofMinutes(1);
  static final String MODEL = "s3://models/churn/model.tar.gz";
  static final ModelSource ARCHIVE = new ModelSource.Archive(S3Uri.parse(MODEL));

  @TempDir Path folder;
  final MemoryObjects objects = new MemoryObjects();
  final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
  ArtifactCache cache;

  @BeforeEach
  void open() {
    cache = cache(Long.MAX_VALUE, 10_000);
  }

  @AfterEach
  void close() throws IOException {
    cache.close();
    Trees.delete(
        folder); // its directories are read-only, which @TempDir can't remove for all users
  }

  ArtifactCache cache(long budgetBytes, int maxEntries) {
    return new ArtifactCache(
        new ArtifactCacheConfig(folder, budgetBytes, 0, maxEntries), objects, now::get);
  }

  StagedArtifact stage(ModelSource source) throws Exception {
    return cache.stage(source, PATIENCE, (_, _) -> {});
  }

  /** Stages {@code archive} and returns its files by their paths. */
  Map<String, String> unpacked(byte[] archive) throws Exception {
    objects.put(MODEL, archive);
    try (StagedArtifact staged = stage(ARCHIVE)) {
      return files(staged.directory());
    }
  }

  /** Stages what must fail, checks that nothing stays behind, and returns the failure. */
  StagingException failure(ModelSource source) throws IOException {
    StagingException failure =
        catchThrowableOfType(StagingException.class, () -> stage(source).close());
    assertThat(failure).as("staging fails").isNotNull();
    assertNothingHalfDone();
    return failure;
  }

  /** Stages an archive that must be refused with {@code Kind.EXTRACT}, and returns why. */
  String refusal(byte[] archive) throws IOException {
    objects.put(MODEL, archive);
    StagingException failure = failure(ARCHIVE);
    assertThat(failure.kind()).isEqualTo(Kind.EXTRACT);
    return failure.getMessage();
  }

  void assertNothingHalfDone() throws IOException {
    assertThat(folder.resolve("staging")).isEmptyDirectory();
    assertThat(folder.resolve("ready")).isEmptyDirectory();
  }

  static Map<String, String> files(Path root) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(path).toString(), Files.readString(path));
      }
    }
    return files;
  }
}
