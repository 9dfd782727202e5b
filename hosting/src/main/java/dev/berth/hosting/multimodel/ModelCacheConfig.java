package dev.berth.hosting.multimodel;

import java.time.Duration;

/**
 * How the models of a multi-model container are kept.
 *
 * @param prefix where they lie
 * @param isCached whether a model stays after its invocation ({@code ModelCacheSetting} Enabled)
 * @param concurrentDownloads most models that are staged at a time
 * @param concurrentLoads most models that are loaded at a time
 * @param maxPending most models on their way at a time; more are told to come again
 * @param loadTimeout for download and load together; SageMaker's is 360 s
 */
public record ModelCacheConfig(
    ModelPrefix prefix,
    boolean isCached,
    int concurrentDownloads,
    int concurrentLoads,
    int maxPending,
    Duration loadTimeout) {
  private static final int DOWNLOADS = 16;
  private static final int MAX_PENDING = 1000;
  private static final Duration LOAD_TIMEOUT = Duration.ofMinutes(6);

  /** Returns SageMaker's settings for a machine of so many processors. */
  public static ModelCacheConfig of(ModelPrefix prefix, boolean isCached, int processors) {
    // Without caching every invocation loads: more of them at a time (Developer Guide, "Set
    // SageMaker AI multi-model endpoint model caching behavior").
    int loads = Math.max(2, isCached ? processors : 2 * processors);
    return new ModelCacheConfig(prefix, isCached, DOWNLOADS, loads, MAX_PENDING, LOAD_TIMEOUT);
  }
}
