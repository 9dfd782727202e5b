package dev.berth.hosting.artifact;

import java.nio.file.Path;

/** A staged artifact in use. While it is open the cache keeps its directory; close it once. */
public interface StagedArtifact extends AutoCloseable {

  /** Directory with the artifact's files: world-readable, not to be written to. */
  Path directory();

  @Override
  void close();
}
