package dev.berth.server.cli;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Help.Ansi.IStyle;
import picocli.CommandLine.Help.Ansi.Style;

/**
 * Where a command writes: results to {@code out}, complaints to {@code err}.
 *
 * @param isLive {@code out} is a person's terminal, whose lines may be drawn over
 * @param isColoured styles are written; implies nothing about {@code isLive}
 * @param columns width of the terminal, in characters
 */
record Terminal(PrintStream out, PrintStream err, boolean isLive, boolean isColoured, int columns) {
  private static final int USUAL_COLUMNS = 80;

  /**
   * Returns this process's terminal. The launcher, which can ask the system, tells whether standard
   * output is one by the property {@code berth.terminal}; without it {@link Console} decides.
   * {@code NO_COLOR}, set to anything, and {@code TERM=dumb} turn colour off.
   */
  static Terminal ofProcess(Map<String, String> environment) {
    var told = System.getProperty("berth.terminal");
    boolean isTerminal =
        told == null
            ? Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false)
            : Boolean.parseBoolean(told);
    boolean isLive = isTerminal && !"dumb".equals(environment.get("TERM"));
    return new Terminal(
        new PrintStream(System.out, true, StandardCharsets.UTF_8),
        new PrintStream(System.err, true, StandardCharsets.UTF_8),
        isLive,
        isLive && environment.getOrDefault("NO_COLOR", "").isEmpty(),
        columns(environment));
  }

  private static int columns(Map<String, String> environment) {
    var columns = environment.getOrDefault("COLUMNS", "");
    return columns.matches("[1-9][0-9]{1,4}") ? Integer.parseInt(columns) : USUAL_COLUMNS;
  }

  /** Writes {@code line} as a result. */
  void say(String line) {
    out.println(line);
  }

  /** Writes {@code line} as a step that is done. */
  void sayDone(String line) {
    out.println(good("✓") + " " + line);
  }

  String good(String text) {
    return paint(text, Style.fg_green);
  }

  String bad(String text) {
    return paint(text, Style.fg_red);
  }

  String warning(String text) {
    return paint(text, Style.fg_yellow);
  }

  String strong(String text) {
    return paint(text, Style.bold);
  }

  String faint(String text) {
    return paint(text, Style.faint);
  }

  /**
   * Returns a resource's status in its colour: green serves or may, red has failed, yellow is under
   * way.
   */
  String status(String status) {
    return switch (status) {
      case "InService", "Completed", "Approved" -> good(status);
      case "Failed", "OutOfService", "Rejected", "UpdateRollbackFailed" -> bad(status);
      default -> warning(status);
    };
  }

  private String paint(String text, IStyle style) {
    return isColoured ? style.on() + text + Style.reset.on() : text;
  }
}
