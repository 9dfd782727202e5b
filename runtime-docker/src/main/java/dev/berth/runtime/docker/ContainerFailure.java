package dev.berth.runtime.docker;

import java.util.List;

/** Why a container, or several at once, can't go on: cause, evidence, what to do. */
final class ContainerFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> containers;
  private final boolean hasRun;
  private final transient List<String> lastLines;
  private final String advice;

  private ContainerFailure(
      List<String> containers,
      boolean hasRun,
      String cause,
      List<String> lastLines,
      String advice) {
    super(cause);
    this.containers = List.copyOf(containers);
    this.hasRun = hasRun;
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
    return new ContainerFailure(List.of(container), true, cause, lastLines, advice);
  }

  /** Makes that of a container that could not be started at all. */
  static ContainerFailure notStarted(String container, String cause, String advice) {
    return notStarted(List.of(container), cause, advice);
  }

  /** Makes that of containers that could not be started for a reason they share. */
  static ContainerFailure notStarted(List<String> containers, String cause, String advice) {
    return new ContainerFailure(containers, false, cause, List.of(), advice);
  }

  /** Names of the containers that it is about, one at least. */
  List<String> containers() {
    return containers;
  }

  boolean hasRun() {
    return hasRun;
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
