package dev.berth.server.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program: {@code berth COMMAND …}. Exit codes: 0 done, 1 failed, 2 not understood. */
@Command(
    name = "berth",
    mixinStandardHelpOptions = true,
    versionProvider = Berth.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "SageMaker inference that you host yourself.",
    footer = {
      "",
      "Run 'berth COMMAND --help' for a command's options.",
      "'berth test', a command of the launcher in a clone, builds and tests everything."
    })
public final class Berth {
  private Berth() {}

  /** Runs the command that {@code arguments} name and ends the process with its exit code. */
  @SuppressWarnings("SystemExitOutsideMain")
  public static void main(String[] arguments) {
    var environment = System.getenv();
    System.exit(commandLine(Terminal.ofProcess(environment), environment).execute(arguments));
  }

  /** Returns the whole command line, writing to {@code terminal}. */
  static CommandLine commandLine(Terminal terminal, Map<String, String> environment) {
    return new CommandLine(new Berth())
        .addSubcommand(new ServeCommand(terminal, environment))
        .addSubcommand(new DemoCommand(terminal, environment))
        .addSubcommand(new DeployCommand(terminal, environment))
        .addSubcommand(new InvokeCommand(terminal, environment))
        .addSubcommand(new TransformCommand(terminal, environment))
        .addSubcommand(new ListCommand(terminal, environment))
        .addSubcommand(new DescribeCommand(terminal, environment))
        .addSubcommand(new DeleteCommand(terminal, environment))
        .addSubcommand(PackagesCommand.of(terminal, environment))
        .addSubcommand(new DoctorCommand(terminal, environment))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(terminal.isColoured() ? Ansi.ON : Ansi.OFF))
        .setUsageHelpAutoWidth(false)
        .setUsageHelpWidth(Math.clamp(terminal.columns(), 60, 110))
        .setParameterExceptionHandler((failure, _) -> misunderstood(terminal, failure))
        .setExecutionExceptionHandler((failure, _, _) -> failed(terminal, environment, failure));
  }

  private static int misunderstood(Terminal terminal, ParameterException failure) {
    var command = failure.getCommandLine().getCommandSpec().qualifiedName(" ");
    var told =
        failure instanceof UnmatchedArgumentException unmatched
            ? unmatched(unmatched, command)
            : Failures.describe(failure);
    terminal.err().println(terminal.bad("berth: ") + told + "; see '%s --help'".formatted(command));
    return CommandLine.ExitCode.USAGE;
  }

  private static String unmatched(UnmatchedArgumentException failure, String command) {
    var given = String.join(" ", failure.getUnmatched());
    // picocli suggests far-fetched ones too
    var likely =
        failure.getSuggestions().stream()
            .filter(name -> name.regionMatches(0, given, 0, 2))
            .findFirst()
            .map(", maybe '%s'"::formatted)
            .orElse("");
    return "%s takes no '%s'%s".formatted(command, given, likely);
  }

  private static int failed(Terminal terminal, Map<String, String> environment, Exception failure) {
    terminal.err().println(terminal.bad("berth: ") + Failures.describe(failure));
    if (environment.containsKey("BERTH_DEBUG")) {
      failure.printStackTrace(terminal.err());
    }
    return failure instanceof CommandFailure told ? told.exitCode() : CommandLine.ExitCode.SOFTWARE;
  }

  /** Reads the version from the jar's manifest; classes outside a jar have none. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"berth " + number()};
    }

    static String number() {
      var version = Berth.class.getPackage().getImplementationVersion();
      return version == null ? "(not packaged)" : version;
    }
  }
}
