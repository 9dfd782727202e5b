package dev.berth.transform.job;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.failure.TransformFailure.Place;
import dev.berth.transform.input.InputObject;
import org.jspecify.annotations.Nullable;

/**
 * What became of one object; a line of the job's journal.
 *
 * @param index the object's place in the job
 * @param input {@code s3://bucket/key}
 * @param output where its output is; null when it failed
 * @param records records that were transformed
 * @param outputBytes size of the output
 * @param error why it failed
 */
public record ObjectOutcome(
    int index,
    String input,
    @Nullable String output,
    long records,
    long outputBytes,
    @Nullable Cause error) {

  /**
   * Why an object failed.
   *
   * @param kind {@code CLIENT}, {@code ALGORITHM} or {@code INTERNAL}
   * @param status what the container answered, 0 when none did
   * @param message the container's words, or ours
   * @param place records and bytes of the failed request
   */
  public record Cause(TransformFailure.Kind kind, int status, String message, Place place) {

    /** Returns it in one line. */
    public String words() {
      String where = place.words().isEmpty() ? "" : place.words() + ": ";
      String answer = status == 0 ? "" : status + ": ";
      return where + answer + message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
  }

  static ObjectOutcome done(InputObject object, long records, long outputBytes) {
    return new ObjectOutcome(
        object.index(),
        object.info().uri().toString(),
        object.output(),
        records,
        outputBytes,
        null);
  }

  static ObjectOutcome failed(InputObject object, TransformFailure failure) {
    return new ObjectOutcome(
        object.index(),
        object.info().uri().toString(),
        null,
        0,
        0,
        new Cause(failure.kind(), failure.status(), failure.text(), failure.place()));
  }

  @JsonIgnore
  public boolean isDone() {
    return error == null;
  }
}
