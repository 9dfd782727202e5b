package dev.berth.transform.job;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;

/**
 * Seeds of random cases: the same ones every time, and a few that nobody has seen. A failing test's
 * name has its seed; {@code -Dberth.seed=N} runs that one alone.
 */
final class Seeds {
  private static final int KNOWN = 24;
  private static final int FRESH = 4;

  private Seeds() {}

  static LongStream all() {
    Long one = Long.getLong("berth.seed");
    return one != null
        ? LongStream.of(one)
        : LongStream.concat(
            LongStream.rangeClosed(1, KNOWN), ThreadLocalRandom.current().longs(FRESH));
  }

  /** Takes a while that depends on what is asked, so that later requests overtake earlier ones. */
  static void answerUnevenly(byte[] body) {
    LockSupport.parkNanos((java.util.Arrays.hashCode(body) & 7) * 100_000L);
  }
}
