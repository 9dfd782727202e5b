package dev.berth.runtime.docker;

import java.util.List;

/** Why a container, or several at once, can't go on: cause, evidence, what to do. */
final class ContainerFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> containers;
  private final Kind kind;
  private final transient List<String> lastLines;
  private final String advice;

  private enum Kind {
    UNHEALTHY,
    LOST,
    NOT_STARTED
  }

  private ContainerFailure(
      List<String> containers, Kind kind, String cause, List<String> lastLines, String advice) {
    super(cause);
    this.containers = List.copyOf(containers);
    this.kind = kind;
    this.lastLines = List.copyOf(lastLines);
    this.advice = advice;
  }

  /**
   * Makes that of a container that did not become, or stay, healthy.
   *
   * @param cause a sentence without its end
   * @param lastLines what it wrote last
   * @param advice a sentence without its end
   */
  static ContainerFailure unhealthy(
      String container, String cause, List<String> lastLines, String advice) {
    return new ContainerFailure(List.of(container), Kind.UNHEALTHY, cause, lastLines, advice);
  }

  /** Makes that of a container that was found ended, with the same words. */
  static ContainerFailure lost(
      String container, String cause, List<String> lastLines, String advice) {
    return new ContainerFailure(List.of(container), Kind.LOST, cause, lastLines, advice);
  }

  /** Makes that of a container that could not be started at all. */
  static ContainerFailure notStarted(String container, String cause, String advice) {
    return notStarted(List.of(container), cause, advice);
  }

  /** Makes that of containers that could not be started for a reason they share. */
  static ContainerFailure notStarted(List<String> containers, String cause, String advice) {
    return new ContainerFailure(containers, Kind.NOT_STARTED, cause, List.of(), advice);
  }

  /** Names of the containers that it is about, one at least. */
  List<String> containers() {
    return containers;
  }

  boolean hasRun() {
    return kind != Kind.NOT_STARTED;
  }

  /** Whether it had ended before this process came to look. */
  boolean isLoss() {
    return kind == Kind.LOST;
  }

  String cause() {
    return String.valueOf(getMessage());
  }

  List<String> lastLines() {
    return lastLines;
  }

  String advice() {
    return advice;
  }
}
