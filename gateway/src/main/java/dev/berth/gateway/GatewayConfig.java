package dev.berth.gateway;

import io.netty.util.internal.PlatformDependent;
import java.time.Duration;

/**
 * The gateway's settings.
 *
 * @param maxPayloadBytes longest request body; SageMaker's is 25 MiB
 * @param invocationTimeout from the request's last byte to the answer's first; SageMaker's is 60 s
 * @param workers threads for models in this JVM that take longer than an event loop may
 * @param maxQueued invocations that wait for a worker; more are told 503
 * @param maxCollectedBytes memory for all large bodies that are being collected for models in this
 *     JVM; who comes when it is used up is told 503
 */
public record GatewayConfig(
    int maxPayloadBytes,
    Duration invocationTimeout,
    int workers,
    int maxQueued,
    long maxCollectedBytes) {
  public GatewayConfig {
    if (maxPayloadBytes < 1 || workers < 1 || maxQueued < 1 || maxCollectedBytes < 1) {
      throw new IllegalArgumentException("every limit of the gateway must be at least 1");
    }
  }

  /** SageMaker's limits, and as many workers as there are processors. */
  public static GatewayConfig defaults() {
    int processors = Runtime.getRuntime().availableProcessors();
    return new GatewayConfig(
        26_214_400,
        Duration.ofSeconds(60),
        processors,
        256 * processors,
        PlatformDependent.maxDirectMemory() / 4);
  }

  /** Returns this with another limit on request bodies. */
  public GatewayConfig withMaxPayload(int bytes) {
    return new GatewayConfig(bytes, invocationTimeout, workers, maxQueued, maxCollectedBytes);
  }
}
