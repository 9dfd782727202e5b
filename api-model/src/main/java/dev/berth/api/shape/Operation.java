package dev.berth.api.shape;

import java.util.function.Supplier;

/**
 * An operation that Berth executes.
 *
 * @param name such as {@code CreateModel}
 * @param input table of the input, loaded when the operation is first called
 * @param output table of the output; a structure without members is answered without a body
 * @param <I> generated input record
 * @param <O> generated output record, or {@link Nothing}
 */
public record Operation<I extends Structure, O extends Structure>(
    String name, Supplier<StructureShape<I>> input, Supplier<StructureShape<O>> output) {}
