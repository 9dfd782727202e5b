package dev.berth.api.service;

/**
 * Executes one operation on input that already satisfies every constraint of the API model.
 *
 * @param <I> generated input record
 * @param <O> generated output record
 */
@FunctionalInterface
public interface OperationHandler<I, O> {

  /**
   * Returns the operation's output.
   *
   * @throws dev.berth.api.error.AwsException when AWS would answer with an error
   */
  O handle(I input, CallContext context);
}
