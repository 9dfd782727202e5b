package dev.berth.gateway;

import io.netty.util.internal.PlatformDependent;
import java.time.Duration;

/**
 * The gateway's settings.
 *
 * @param maxPayloadBytes longest request body; SageMaker's is 25 MiB
 * @param invocationTimeout from the request's last byte to the answer's first; SageMaker's is 60 s
 * @param streamTimeout from the request's head to the end of an answer that is streamed as events;
 *     SageMaker's is 8 minutes (Developer Guide, model hosting FAQs)
 * @param workers threads for models in this JVM that take longer than an event loop may
 * @param maxQueued invocations that wait for a worker; more are told 503
 * @param maxCollectedBytes memory for all large bodies that are being collected for models in this
 *     JVM; who comes when it is used up is told 503
 * @param maxHopBytes most that one container of a pipeline may hand to the next; SageMaker's is 5
 *     MB (Developer Guide, "Troubleshoot inference pipelines")
 * @param maxInFlight most requests that one container has at a time; where all instances have so
 *     many, more are told 503
 * @param pipelineAccept which containers of a pipeline get the client's {@code Accept}
 */
public record GatewayConfig(
    int maxPayloadBytes,
    Duration invocationTimeout,
    Duration streamTimeout,
    int workers,
    int maxQueued,
    long maxCollectedBytes,
    long maxHopBytes,
    int maxInFlight,
    PipelineAccept pipelineAccept) {
  private static final Duration DEFAULT_STREAM_TIMEOUT = Duration.ofMinutes(8);
  private static final long DEFAULT_MAX_HOP_BYTES = 5L * 1024 * 1024;

  /** More than a container's server usually takes at a time, and bounded. */
  private static final int DEFAULT_MAX_IN_FLIGHT = 1000;

  public GatewayConfig {
    if (maxPayloadBytes < 1
        || workers < 1
        || maxQueued < 1
        || maxCollectedBytes < 1
        || maxHopBytes < 1
        || maxInFlight < 1) {
      throw new IllegalArgumentException("every limit of the gateway must be at least 1");
    }
  }

  /** Which containers of a pipeline get the client's {@code Accept}. */
  public enum PipelineAccept {
    /** The last: the others use their own default, as {@code SAGEMAKER_DEFAULT_…_ACCEPT} gives. */
    LAST,
    /** All of them. */
    ALL
  }

  /** Makes one with SageMaker's limits for streams and pipelines. */
  public GatewayConfig(
      int maxPayloadBytes,
      Duration invocationTimeout,
      int workers,
      int maxQueued,
      long maxCollectedBytes) {
    this(
        maxPayloadBytes,
        invocationTimeout,
        DEFAULT_STREAM_TIMEOUT,
        workers,
        maxQueued,
        maxCollectedBytes,
        DEFAULT_MAX_HOP_BYTES,
        DEFAULT_MAX_IN_FLIGHT,
        PipelineAccept.LAST);
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
    return new GatewayConfig(
        bytes,
        invocationTimeout,
        streamTimeout,
        workers,
        maxQueued,
        maxCollectedBytes,
        maxHopBytes,
        maxInFlight,
        pipelineAccept);
  }

  /** Returns this with another limit on streamed answers. */
  public GatewayConfig withStreamTimeout(Duration limit) {
    return new GatewayConfig(
        maxPayloadBytes,
        invocationTimeout,
        limit,
        workers,
        maxQueued,
        maxCollectedBytes,
        maxHopBytes,
        maxInFlight,
        pipelineAccept);
  }

  /** Returns this with another limit between the containers of a pipeline. */
  public GatewayConfig withMaxHop(long bytes) {
    return new GatewayConfig(
        maxPayloadBytes,
        invocationTimeout,
        streamTimeout,
        workers,
        maxQueued,
        maxCollectedBytes,
        bytes,
        maxInFlight,
        pipelineAccept);
  }

  /** Returns this with another rule for {@code Accept}. */
  public GatewayConfig with(PipelineAccept accept) {
    return new GatewayConfig(
        maxPayloadBytes,
        invocationTimeout,
        streamTimeout,
        workers,
        maxQueued,
        maxCollectedBytes,
        maxHopBytes,
        maxInFlight,
        accept);
  }

  /** Returns this with another bound on the requests that a container has at a time. */
  public GatewayConfig withMaxInFlight(int requests) {
    return new GatewayConfig(
        maxPayloadBytes,
        invocationTimeout,
        streamTimeout,
        workers,
        maxQueued,
        maxCollectedBytes,
        maxHopBytes,
        requests,
        pipelineAccept);
  }
}
