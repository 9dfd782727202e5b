package dev.berth.hosting.multimodel;

/**
 * A metric's statistics, as CloudWatch has them.
 *
 * @param minimum 0 without samples
 */
public record Statistics(long sampleCount, long sum, long minimum, long maximum) {}
