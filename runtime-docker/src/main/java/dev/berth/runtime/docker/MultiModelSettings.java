package dev.berth.runtime.docker;

import java.util.Map;

/**
 * What a multi-model container's {@code Environment} says to Berth.
 *
 * @param runsContainers whether models run in containers of their own where the image can't load
 *     and unload any; {@code BERTH_MULTI_MODEL_FALLBACK}
 * @param maxContainers most of them at a time on an instance; {@code
 *     BERTH_MULTI_MODEL_MAX_CONTAINERS}
 * @param memoryBytes memory that a container with its models, or all containers of models, may use
 *     before others are unloaded; {@code BERTH_MULTI_MODEL_MEMORY_BYTES}, 0 for what the instance
 *     has
 */
record MultiModelSettings(boolean runsContainers, int maxContainers, long memoryBytes) {
  static final String FALLBACK = "BERTH_MULTI_MODEL_FALLBACK";
  private static final String CONTAINERS = "containers";
  private static final String MAX_CONTAINERS = "BERTH_MULTI_MODEL_MAX_CONTAINERS";
  private static final String MEMORY_BYTES = "BERTH_MULTI_MODEL_MEMORY_BYTES";
  private static final int DEFAULT_MAX_CONTAINERS = 8;

  /**
   * Reads them.
   *
   * @throws IllegalArgumentException that names the variable, its value and the rule
   */
  static MultiModelSettings of(Map<String, String> environment) {
    String fallback = environment.get(FALLBACK);
    if (fallback != null && !fallback.equals(CONTAINERS)) {
      throw new IllegalArgumentException(
          "%s is '%s' in Environment: it can only be '%s'"
              .formatted(FALLBACK, fallback, CONTAINERS));
    }
    return new MultiModelSettings(
        fallback != null,
        (int)
            Math.min(
                Integer.MAX_VALUE, number(environment, MAX_CONTAINERS, DEFAULT_MAX_CONTAINERS)),
        number(environment, MEMORY_BYTES, 0));
  }

  private static long number(Map<String, String> environment, String name, long otherwise) {
    String value = environment.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(value);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException _) {
      // told below
    }
    throw new IllegalArgumentException(
        "%s is '%s' in Environment: it must be a whole number above 0".formatted(name, value));
  }

  /**
   * Returns the memory to keep within: the smaller of this and a container's own limit, 0 for none.
   */
  long memoryBytes(long limit) {
    return memoryBytes == 0 || limit == 0
        ? Math.max(memoryBytes, limit)
        : Math.min(memoryBytes, limit);
  }
}
