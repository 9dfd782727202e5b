package dev.berth.hosting.multimodel;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.StagedArtifact;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Archives that are staged at once, unless a test says otherwise. */
final class FakeArtifacts implements ArtifactStore {
  final List<String> staged = new CopyOnWriteArrayList<>();
  final Set<String> open = ConcurrentHashMap.newKeySet();
  final List<String> discarded = new CopyOnWriteArrayList<>();
  final Map<String, StagingException> broken = new ConcurrentHashMap<>();
  volatile int version = 1;

  /** How many may be open at a time, as with a disk that is full. */
  volatile int room = Integer.MAX_VALUE;

  @Override
  public StagedArtifact stage(ModelSource source, Duration timeout, Progress progress)
      throws StagingException {
    String key = source.uri().key();
    staged.add(key);
    StagingException failure = broken.get(key);
    if (failure != null) {
      throw failure;
    }
    if (open.size() >= room) {
      throw new StagingException(Kind.TOO_LARGE, "the disk is full");
    }
    String id = key + "@" + version;
    open.add(id);
    return new StagedArtifact() {
      @Override
      public String id() {
        return id;
      }

      @Override
      public Path directory() {
        return Path.of("/staged", id);
      }

      @Override
      public long bytes() {
        return 10;
      }

      @Override
      public void close() {
        open.remove(id);
      }

      @Override
      public void discard() {
        close();
        discarded.add(id);
      }
    };
  }
}
