package dev.berth.server.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that asks a running server, as any program with an AWS SDK could. */
abstract class ClientCommand implements Callable<Integer> {
  /** Shape of resource names; more than this the server checks. */
  static final String NAME = "NAME";

  @Mixin private final ServerConnection connection = new ServerConnection();

  @Option(names = "--json", description = "Write one JSON document, for programs.")
  private boolean isJson;

  private final Terminal terminal;
  private final Map<String, String> environment;

  ClientCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  /** Does the work; throws what went wrong. */
  abstract void run(AwsClients aws) throws Exception;

  @Override
  public final Integer call() throws Exception {
    try (var aws = connection.open(environment)) {
      run(aws);
      return 0;
    } catch (RuntimeException failure) {
      throw Failures.at(connection.endpoint(environment), failure);
    }
  }

  final Terminal terminal() {
    return terminal;
  }

  final boolean isJson() {
    return isJson;
  }

  /** Returns where to show what is under way: drawn, as lines, or not at all beside JSON. */
  final ProgressView progress() {
    return isJson ? ProgressView.silent() : ProgressView.on(terminal);
  }
}
