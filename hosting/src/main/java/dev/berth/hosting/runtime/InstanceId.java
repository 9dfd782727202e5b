package dev.berth.hosting.runtime;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Identity of an instance: one replica of a variant in one generation of an endpoint's fleet, or
 * one of a transform job's. Runtimes keep it with what they run (labels), so that a restarted Berth
 * knows its own.
 *
 * @param owner endpoint or job it was started for
 * @param generation generation of the fleet, from 1; each deployment makes the next
 * @param variant production variant's name
 * @param instance name within the owner, as in log streams: {@code i-} and 17 hex digits
 */
public record InstanceId(Owner owner, long generation, String variant, String instance) {

  /** Returns an instance with a new name. */
  public static InstanceId fresh(Owner owner, long generation, String variant) {
    long bits = ThreadLocalRandom.current().nextLong();
    String digits = "%017x".formatted(bits & Long.MAX_VALUE);
    return new InstanceId(
        owner, generation, variant, "i-" + digits.substring(digits.length() - 17));
  }

  @Override
  public String toString() {
    return owner + "/" + generation + "/" + variant + "/" + instance;
  }
}
