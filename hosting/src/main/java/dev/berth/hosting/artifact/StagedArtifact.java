package dev.berth.hosting.artifact;

import java.nio.file.Path;

/** A staged artifact in use. While it is open the cache keeps its directory; close it once. */
public interface StagedArtifact extends AutoCloseable {

  /** Name of exactly this content, lower-case hex: equal content of a source, equal name. */
  String id();

  /** Directory with the artifact's files: world-readable, not to be written to. */
  Path directory();

  /** Disk that it takes, in bytes. */
  long bytes();

  @Override
  void close();

  /** Closes it, and gives its disk back at once unless somebody else uses it. */
  void discard();
}
