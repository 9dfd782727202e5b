package dev.berth.hosting.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk of 8 MiB that really is one; mounting it takes root on Linux, else this skips itself. */
class FullDiskTest {
  private static final String KEY = "s3://models/m.tar.gz";
  private static final ModelSource ARCHIVE = new ModelSource.Archive(S3Uri.parse(KEY));

  @TempDir static Path mountPoint;
  private final MemoryObjects objects = new MemoryObjects();

  @BeforeEach
  void mount() throws Exception {
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mountPoint.toString()),
        "mounting a small disk needs root on Linux");
  }

  @AfterEach
  void unmount() throws Exception {
    boolean _ = run("umount", mountPoint.toString());
  }

  @Test
  void an_artifact_that_does_not_fit_the_disk_is_too_large_and_leaves_nothing() throws Exception {
    try (ArtifactCache cache = cache(1 << 20)) {
      assertRefused(cache, "must stay so");
    }
  }

  @Test
  void a_disk_that_fills_while_staging_is_told_and_leaves_nothing() throws Exception {
    // a check that other writers outrun: here the cache believes to have more than there is
    try (ArtifactCache cache = cache(0)) {
      objects.put(KEY, new Tars().file("a", noise(7 << 20), 0644).gzip());
      StagedTree tree = new StagedTree(mountPoint.resolve("staging"), _ -> {}, 100, Kind.EXTRACT);
      assertThatThrownBy(() ->
              tree.addFile("a", false, 16 << 20, new java.io.ByteArrayInputStream(noise(16 << 20))))
          .isInstanceOfSatisfying(
              StagingException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_LARGE))
          .hasMessageContaining("is full");
      Trees.delete(mountPoint.resolve("staging/a"));
      cache.stage(ARCHIVE, Duration.ofMinutes(1), (_, _) -> {}).close();
    }
  }

  @Test
  void an_unused_artifact_makes_room_for_one_that_would_not_fit() throws Exception {
    try (ArtifactCache cache = cache(1 << 20)) {
      objects.put(KEY, new Tars().file("a", noise(5 << 20), 0644).gzip());
      cache.stage(ARCHIVE, Duration.ofMinutes(1), (_, _) -> {}).close();
      objects.put(KEY, new Tars().file("b", noise(5 << 20), 0644).gzip());
      try (StagedArtifact staged = cache.stage(ARCHIVE, Duration.ofMinutes(1), (_, _) -> {})) {
        assertThat(staged.directory().resolve("b")).hasSize(5 << 20);
      }
    }
  }

  private ArtifactCache cache(long minFreeBytes) {
    return new ArtifactCache(
        new ArtifactCacheConfig(mountPoint, Long.MAX_VALUE, minFreeBytes, 1000),
        objects,
        InstantSource.system());
  }

  private void assertRefused(ArtifactCache cache, String words) throws IOException {
    objects.put(KEY, new Tars().file("a", noise(16 << 20), 0644).gzip());
    assertThatThrownBy(() -> cache.stage(ARCHIVE, Duration.ofMinutes(1), (_, _) -> {}))
        .isInstanceOfSatisfying(
            StagingException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_LARGE))
        .hasMessageContaining(words);
    assertThat(mountPoint.resolve("staging")).isEmptyDirectory();
    assertThat(mountPoint.resolve("ready")).isEmptyDirectory();
  }

  private static byte[] noise(int bytes) {
    byte[] noise = new byte[bytes];
    new Random(1).nextBytes(noise);
    return noise;
  }

  private static boolean run(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
