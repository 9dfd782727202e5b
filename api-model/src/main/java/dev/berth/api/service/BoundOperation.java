package dev.berth.api.service;

import dev.berth.api.constraint.Constraints;
import dev.berth.api.error.AwsException;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.Structure;
import dev.berth.api.shape.StructureShape;

/**
 * An operation and what executes it, for protocols: document in, document out.
 *
 * @param <I> generated input record
 * @param <O> generated output record
 */
public final class BoundOperation<I extends Structure, O extends Structure> {
  private final Operation<I, O> operation;
  private final OperationHandler<I, O> handler;

  BoundOperation(Operation<I, O> operation, OperationHandler<I, O> handler) {
    this.operation = operation;
    this.handler = handler;
  }

  /** Returns the operation's name. */
  public String name() {
    return operation.name();
  }

  /** Returns the shape to parse input by. */
  public StructureShape<I> input() {
    return operation.input();
  }

  /** Returns whether the model gives the output members; without, the answer has no content. */
  public boolean hasOutput() {
    return !operation.output().members().isEmpty();
  }

  /**
   * Checks {@code input} against the model's constraints and executes the operation.
   *
   * @param validationCode error code of this protocol for broken constraints
   * @throws AwsException with every broken constraint, or whatever the handler refuses with
   */
  public Document execute(Document input, CallContext context, String validationCode) {
    Constraints.check(input(), input)
        .ifPresent(message -> {
          throw new AwsException(validationCode, 400, message);
        });
    return handler.handle(input().read(input), context).toDocument();
  }
}
