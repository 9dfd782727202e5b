package dev.berth.hosting.multimodel;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * The metrics that SageMaker has for multi-model endpoints, since the instance came into service
 * (Developer Guide, "CloudWatch Metrics for Multi-Model Endpoint Deployments").
 */
final class ModelMetrics {
  final LongAdder hits = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder loads = new LongAdder();
  final LongAdder unloads = new LongAdder();
  final LongAdder failures = new LongAdder();
  final Times loadingWait = new Times();
  final Times downloading = new Times();
  final Times loading = new Times();
  final Times unloading = new Times();

  /** Durations, told in microseconds. */
  static final class Times {
    private long count;
    private long sum;
    private long min = Long.MAX_VALUE;
    private long max;

    synchronized void add(long nanos) {
      long micros = nanos / 1000;
      count++;
      sum += micros;
      min = Math.min(min, micros);
      max = Math.max(max, micros);
    }

    synchronized Statistics statistics() {
      return new Statistics(count, sum, count == 0 ? 0 : min, max);
    }
  }

  /** By their names in CloudWatch; times in microseconds. */
  Map<String, Statistics> statistics() {
    var all = new LinkedHashMap<String, Statistics>();
    long hit = hits.sum();
    long missed = misses.sum();
    all.put(
        "ModelCacheHit",
        new Statistics(hit + missed, hit, missed == 0 && hit > 0 ? 1 : 0, hit > 0 ? 1 : 0));
    all.put("ModelLoadingWaitTime", loadingWait.statistics());
    all.put("ModelDownloadingTime", downloading.statistics());
    all.put("ModelLoadingTime", loading.statistics());
    all.put("ModelUnloadingTime", unloading.statistics());
    return all;
  }
}
