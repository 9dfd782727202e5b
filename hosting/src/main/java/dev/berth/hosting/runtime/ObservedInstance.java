package dev.berth.hosting.runtime;

import java.time.Instant;

/**
 * An instance as a runtime finds it.
 *
 * @param since when it entered {@code state}
 */
public record ObservedInstance(InstanceId id, InstanceState state, Instant since) {}
