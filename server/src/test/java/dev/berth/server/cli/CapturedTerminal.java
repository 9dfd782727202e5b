package dev.berth.server.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A terminal that keeps what is written, and runs the command line on it. */
final class CapturedTerminal {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Terminal terminal;

  private CapturedTerminal(boolean isLive, boolean isColoured, int columns) {
    this.terminal = new Terminal(stream(out), stream(err), isLive, isColoured, columns);
  }

  static CapturedTerminal pipe() {
    return new CapturedTerminal(false, false, 80);
  }

  static CapturedTerminal live(int columns) {
    return new CapturedTerminal(true, false, columns);
  }

  static CapturedTerminal coloured() {
    return new CapturedTerminal(true, true, 80);
  }

  Terminal terminal() {
    return terminal;
  }

  /** Runs a command in an empty environment and returns its exit code. */
  int run(String... arguments) {
    return Berth.commandLine(terminal, Map.of()).execute(arguments);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
