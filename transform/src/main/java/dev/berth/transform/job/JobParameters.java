package dev.berth.transform.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.berth.api.sagemaker.BatchStrategy;
import org.jspecify.annotations.Nullable;

/**
 * How a job's records are batched, settled once: what the request says, else what the container
 * answers on {@code /execution-parameters}, else the defaults of the Developer Guide ("Use Your Own
 * Inference Code with Batch Transform").
 *
 * @param maxConcurrentTransforms requests at a time to one instance, at least 1
 * @param maxPayloadInMb largest request in MiB, 0 for no limit
 * @param batchStrategy {@code MULTI_RECORD} or {@code SINGLE_RECORD}
 */
public record JobParameters(int maxConcurrentTransforms, int maxPayloadInMb, String batchStrategy) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DEFAULT_PAYLOAD_MB = 6;
  private static final long MEBIBYTE = 1 << 20;
  private static final int MOST_CONCURRENT = 1000;

  /**
   * What the request says; null where it says nothing.
   *
   * @param concurrent {@code MaxConcurrentTransforms}; 0 says nothing
   * @param payloadInMb {@code MaxPayloadInMB}; 0 is no limit
   */
  record Asked(
      @Nullable Integer concurrent,
      @Nullable Integer payloadInMb,
      @Nullable BatchStrategy strategy) {}

  /** Returns the parameters for a container that answered {@code told}, null when it didn't. */
  static JobParameters of(Asked asked, @Nullable String told) {
    JsonNode answer = parse(told);
    int concurrent = asked.concurrent() == null ? 0 : asked.concurrent();
    if (concurrent == 0) {
      concurrent = answer.path("MaxConcurrentTransforms").asInt(1);
    }
    Integer payload = asked.payloadInMb();
    int payloadInMb =
        payload == null ? answer.path("MaxPayloadInMB").asInt(DEFAULT_PAYLOAD_MB) : payload;
    BatchStrategy strategy = asked.strategy();
    boolean isSingle =
        strategy == null
            ? answer.path("BatchStrategy").asText().equals("SINGLE_RECORD")
            : strategy == BatchStrategy.SINGLE_RECORD;
    return new JobParameters(
        Math.clamp(concurrent, 1, MOST_CONCURRENT),
        Math.max(0, payloadInMb),
        isSingle ? "SINGLE_RECORD" : "MULTI_RECORD");
  }

  /** What AWS's built-in containers answer, for models in Berth's own process. */
  static String ofBuiltIn() {
    return "{\"MaxConcurrentTransforms\": %d, \"BatchStrategy\": \"MULTI_RECORD\", \"MaxPayloadInMB\": %d}"
        .formatted(Runtime.getRuntime().availableProcessors(), DEFAULT_PAYLOAD_MB);
  }

  private static JsonNode parse(@Nullable String told) {
    try {
      return told == null ? JsonNodeFactory.instance.objectNode() : JSON.readTree(told);
    } catch (JsonProcessingException _) {
      return JsonNodeFactory.instance.objectNode(); // as good as not implemented
    }
  }

  boolean isSingle() {
    return batchStrategy.equals("SINGLE_RECORD");
  }

  long maxPayloadBytes() {
    return maxPayloadInMb == 0 ? Long.MAX_VALUE : maxPayloadInMb * MEBIBYTE;
  }

  /** Returns them as AWS's data log has them. */
  String words() {
    return "MaxConcurrentTransforms=%d, MaxPayloadInMB=%d, BatchStrategy=%s"
        .formatted(maxConcurrentTransforms, maxPayloadInMb, batchStrategy);
  }
}
