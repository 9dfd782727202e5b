package dev.berth.server.cli;

import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code berth packages}: what is registered to be deployed, and whether it may be. */
@Command(
    name = "packages",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Lists, shows, approves and rejects model packages.")
final class PackagesCommand {

  /** Returns the command with those it is made of. */
  static CommandLine of(Terminal terminal, Map<String, String> environment) {
    return new CommandLine(new PackagesCommand())
        .addSubcommand(new PackagesListCommand(terminal, environment))
        .addSubcommand(new PackagesDescribeCommand(terminal, environment))
        .addSubcommand(new PackagesDecisionCommand.Approve(terminal, environment))
        .addSubcommand(new PackagesDecisionCommand.Reject(terminal, environment));
  }
}
