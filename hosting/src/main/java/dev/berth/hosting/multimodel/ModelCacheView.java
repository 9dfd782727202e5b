package dev.berth.hosting.multimodel;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The models of one instance of a multi-model endpoint, for people.
 *
 * @param prefix where they lie in S3
 * @param cacheSetting {@code Enabled} or {@code Disabled}
 * @param memoryBytes budget for models in memory; null where only the container knows
 * @param usedBytes what models take of it, those on their way included; null where there is none
 * @param loadedModelCount models in memory
 * @param loadingModelCount models on their way
 * @param evictions models that left memory, for whatever reason
 * @param lastError null when there was none
 * @param metrics by their names in CloudWatch; times in microseconds
 * @param models in memory, those used last first, at most {@value #MAX_MODELS}
 */
public record ModelCacheView(
    String prefix,
    String cacheSetting,
    @Nullable Long memoryBytes,
    @Nullable Long usedBytes,
    int loadedModelCount,
    int loadingModelCount,
    long hits,
    long misses,
    long loads,
    long evictions,
    long failures,
    @Nullable String lastError,
    Map<String, Statistics> metrics,
    List<ModelView> models) {
  static final int MAX_MODELS = 100;

  public ModelCacheView {
    metrics = Map.copyOf(metrics);
    models = List.copyOf(models);
  }

  /**
   * One model in memory.
   *
   * @param name TargetModel
   * @param id what the container knows it by
   * @param memoryBytes what it takes: counted in the JVM, measured of a container; null where
   *     nothing is known
   * @param memory the same for people: {@code unknown}, or with thousands separated
   * @param inFlight invocations that use it now
   * @param unusedSeconds since the last invocation began
   */
  public record ModelView(
      String name,
      String id,
      @Nullable Long memoryBytes,
      String memory,
      int inFlight,
      long unusedSeconds) {

    static ModelView of(LoadedModel model, OptionalLong measured, long unusedSeconds) {
      long counted = model.memoryBytes();
      Long bytes = counted > 0 ? Long.valueOf(counted) : boxed(measured);
      return new ModelView(
          model.name(),
          model.id(),
          bytes,
          bytes == null ? "unknown" : "%,d bytes".formatted(bytes),
          model.inFlight(),
          unusedSeconds);
    }

    private static @Nullable Long boxed(OptionalLong number) {
      return number.isPresent() ? number.getAsLong() : null;
    }
  }
}
