package dev.berth.server.cli;

import picocli.CommandLine.ExitCode;

/** Why a command ends without success; the message is the one line its user reads. */
final class CommandFailure extends RuntimeException {
  private final int exitCode;

  /** The command was understood and could not be done. */
  CommandFailure(String message) {
    super(message);
    this.exitCode = ExitCode.SOFTWARE;
  }

  /** The command was understood and could not be done, because of {@code cause}. */
  CommandFailure(String message, Throwable cause) {
    super(message, cause);
    this.exitCode = ExitCode.SOFTWARE;
  }

  private CommandFailure(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  /** Returns a failure of what was asked for, not of doing it. */
  static CommandFailure ofUsage(String message) {
    return new CommandFailure(message, ExitCode.USAGE);
  }

  int exitCode() {
    return exitCode;
  }
}
