package dev.berth.api.conformance;

/** What must come of a request. */
public sealed interface Expected {

  /**
   * The request is refused.
   *
   * @param errorType {@code __type} of the answer
   * @param messagePart what the message contains, or empty when any message will do
   */
  record Refused(int status, String errorType, String messagePart) implements Expected {}

  /**
   * The request breaks no constraint: it is executed, or refused for what it means. The answer is
   * no {@code SerializationException} and its message does not say {@code validation error}.
   */
  record PassesConstraints() implements Expected {}
}
