package dev.berth.hosting.artifact;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Stages model artifacts. Blocks; many threads at a time; concurrent requests share the work. */
public interface ArtifactStore {

  /**
   * Returns the artifact's directory, downloading and unpacking it where its present content isn't
   * staged yet.
   *
   * @param timeout for the whole of it ({@code ModelDataDownloadTimeoutInSeconds})
   * @param progress told now and then, for people
   * @throws StagingException when it can't be had; nothing half-done stays behind
   * @throws InterruptedException when this thread is interrupted; the staging ends with its last
   *     waiter
   */
  StagedArtifact stage(ModelSource source, Duration timeout, Progress progress)
      throws StagingException, InterruptedException;

  /**
   * Keeps an artifact that an instance of an earlier process still uses, by the directory that
   * process was given; empty where there is no such artifact.
   */
  default Optional<StagedArtifact> adopt(Path directory) {
    return Optional.empty();
  }

  /** Told how far a download is; called on any thread, must return at once. */
  @FunctionalInterface
  interface Progress {
    /**
     * Tells how much is done.
     *
     * @param doneBytes downloaded so far
     * @param totalBytes size in S3
     */
    void advanced(long doneBytes, long totalBytes);
  }

  /** Why an artifact can't be staged. */
  final class StagingException extends Exception {
    private final Kind kind;

    public StagingException(Kind kind, String message) {
      super(message);
      this.kind = kind;
    }

    public Kind kind() {
      return kind;
    }
  }

  /** Which of AWS's failure texts applies. */
  enum Kind {
    /** Missing, refused, or broke off: "Failed to download model data …". */
    DOWNLOAD,
    /** Not a tar.gz, unsafe entries, a bomb: "Failed to extract model data archive …". */
    EXTRACT,
    /** Larger than the machine or the budget can hold. */
    TOO_LARGE,
    /** Took longer than the timeout. */
    TIMEOUT
  }
}
