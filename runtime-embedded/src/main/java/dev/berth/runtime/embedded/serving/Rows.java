package dev.berth.runtime.embedded.serving;

/**
 * A payload as a matrix.
 *
 * @param values {@code count * columns} values or more, row by row; NaN is a missing value
 * @param count rows, 1 or more
 * @param columns cells of each row, 1 or more
 */
@SuppressWarnings("ArrayRecordComponent") // handed from reader to model once, never compared
public record Rows(float[] values, int count, int columns) {}
