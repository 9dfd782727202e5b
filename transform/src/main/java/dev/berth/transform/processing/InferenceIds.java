package dev.berth.transform.processing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/**
 * {@code GenerateInferenceId}: an id and the job's start time for every output record. The ids look
 * like random ones, but are made of the job's own random id and the record's place, so that a job
 * that was interrupted gives a record the same id again.
 *
 * @param jobId unique id of the job
 * @param startedAt the job's start
 */
public record InferenceIds(String jobId, Instant startedAt) {

  /** Returns the id of a record. */
  UUID id(String object, long record) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String place = jobId + '\n' + record + '\n' + object;
      ByteBuffer hash = ByteBuffer.wrap(digest.digest(place.getBytes(StandardCharsets.UTF_8)));
      long high = (hash.getLong() & ~0xf000L) | 0x4000L; // version 4
      long low = (hash.getLong() & ~(3L << 62)) | (1L << 63); // the variant of RFC 9562
      return new UUID(high, low);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Returns the time as AWS writes it, {@code 2022-08-30T00:49:15Z}. */
  String time() {
    return startedAt.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
