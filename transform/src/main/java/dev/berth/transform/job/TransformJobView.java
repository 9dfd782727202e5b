package dev.berth.transform.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes on in a transform job, or went on, for people: more than DescribeTransformJob has
 * members for.
 *
 * @param job its name
 * @param status as on the wire
 * @param failureReason why it failed
 * @param parameters how its records are batched; null before a container was asked
 * @param objects how many objects it has
 * @param done how many are done
 * @param failed how many failed
 * @param records records whose answers were written
 * @param requests requests answered by this process; null when the job is not at work in it
 * @param readBytes bytes of input read, as they lie in S3: by this process, or of finished objects
 * @param totalBytes bytes of all input objects, as they lie in S3
 * @param outputBytes bytes of output written
 * @param instances those it has now
 * @param losses instances it has lost, in words
 * @param succeeded objects that are done, the first ones to be so
 * @param failures objects that failed, the first ones to be so
 * @param isTruncated whether there are more of these than shown
 * @param dataLog the last lines of its data log
 */
public record TransformJobView(
    String job,
    String status,
    @Nullable String failureReason,
    @Nullable JobParameters parameters,
    int objects,
    int done,
    int failed,
    long records,
    @Nullable Long requests,
    long readBytes,
    long totalBytes,
    long outputBytes,
    List<InstanceView> instances,
    List<String> losses,
    List<ObjectOutcome> succeeded,
    List<ObjectOutcome> failures,
    boolean isTruncated,
    List<String> dataLog) {
  public TransformJobView {
    instances = List.copyOf(instances);
    losses = List.copyOf(losses);
    succeeded = List.copyOf(succeeded);
    failures = List.copyOf(failures);
    dataLog = List.copyOf(dataLog);
  }

  /**
   * One instance.
   *
   * @param step what it is doing now
   * @param doneBytes of its model data, while it is staged
   * @param totalBytes of its model data, while it is staged
   */
  public record InstanceView(String instance, String step, long doneBytes, long totalBytes) {}
}
