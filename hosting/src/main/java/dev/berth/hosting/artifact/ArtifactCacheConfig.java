package dev.berth.hosting.artifact;

import java.nio.file.Path;

/**
 * The artifact cache's settings.
 *
 * @param directory where staged artifacts live; created where missing; of one process
 * @param budgetBytes disk space for staged artifacts; past it the least recently used one that
 *     nobody uses goes
 * @param minFreeBytes space that must stay free on the disk, for everything else that lives there
 * @param maxEntries most files and directories in one artifact
 */
public record ArtifactCacheConfig(
    Path directory, long budgetBytes, long minFreeBytes, int maxEntries) {
  /** One mebibyte, in bytes. */
  private static final long MIB = 1 << 20;

  public ArtifactCacheConfig {
    if (budgetBytes <= 0 || minFreeBytes < 0 || maxEntries <= 0) {
      throw new IllegalArgumentException(
          "the artifact cache's budget and entry limit must be positive: %d bytes, %d bytes free,"
                  .formatted(budgetBytes, minFreeBytes)
              + " %d entries".formatted(maxEntries));
    }
  }

  /** Returns settings that leave 512 MiB of the disk free and set no other budget. */
  public static ArtifactCacheConfig of(Path directory) {
    return new ArtifactCacheConfig(directory, Long.MAX_VALUE, 512 * MIB, 500_000);
  }
}
