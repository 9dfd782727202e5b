package dev.berth.api.shape;

import java.util.function.Function;

/**
 * An operation that Berth executes.
 *
 * @param <I> generated input record, or {@link Nothing}
 * @param <O> generated output record, or {@link Nothing}
 */
public final class Operation<I extends Structure, O extends Structure> {
  private final String name;
  private final String input;
  private final String output;
  private final Function<String, StructureShape<?>> shapes;

  /**
   * Made by generated code only, which sees to it that the names are those of {@code I} and {@code
   * O}. Shapes are looked up by name so that a service's table loads none of its records; a lambda
   * for each would cost the start more than the rest of the table.
   *
   * @param name such as {@code CreateModel}
   * @param shapes a shape by its name
   */
  public Operation(
      String name, String input, String output, Function<String, StructureShape<?>> shapes) {
    this.name = name;
    this.input = input;
    this.output = output;
    this.shapes = shapes;
  }

  /** Returns the operation's name, such as {@code CreateModel}. */
  public String name() {
    return name;
  }

  /** Returns the input's table, loading it when the operation is first called. */
  @SuppressWarnings("unchecked") // generated with the name of I
  public StructureShape<I> input() {
    return (StructureShape<I>) shapes.apply(input);
  }

  /** Returns the output's table; a structure without members is answered without a body. */
  @SuppressWarnings("unchecked") // generated with the name of O
  public StructureShape<O> output() {
    return (StructureShape<O>) shapes.apply(output);
  }

  @Override
  public String toString() {
    return name;
  }
}
