package dev.berth.server.cli;

import dev.berth.server.ConfigException;
import dev.berth.server.Server;
import dev.berth.server.ServerConfig;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code berth serve}: the server, in this process, until it is told to stop. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Runs the server until Ctrl-C or SIGTERM.",
    footer = {
      "",
      "Each option but --config is also a key of berth.yaml, which is read from the working"
          + " directory if it is there; an option wins over the file."
    })
final class ServeCommand implements Callable<Integer> {
  static final Path USUAL_CONFIG = Path.of("berth.yaml");

  @Option(names = "--config", paramLabel = "FILE", description = "Settings; default: ./berth.yaml.")
  private @Nullable Path config;

  @Option(names = "--port", paramLabel = "PORT", description = "Default: 23784; 0 for a free one.")
  private @Nullable String port;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Address to bind; default: 127.0.0.1.")
  private @Nullable String host;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "What is kept; default: ~/.berth.")
  private @Nullable String dataDirectory;

  @Option(
      names = "--runtime",
      paramLabel = "RUNTIME",
      description = "auto, embedded, docker or kubernetes; default: auto.")
  private @Nullable String runtime;

  @Option(names = "--auth", paramLabel = "MODE", description = "open or enforced; default: open.")
  private @Nullable String auth;

  @Option(names = "--region", paramLabel = "REGION", description = "Default: us-east-1.")
  private @Nullable String region;

  @Option(names = "--account", paramLabel = "ID", description = "Default: 000000000000.")
  private @Nullable String account;

  @Option(
      names = "--allow-open-non-loopback",
      description = "Allow open mode, where nobody is asked who they are, beyond this machine.")
  private boolean isOpenAllowedBeyondLoopback;

  private final Terminal terminal;
  private final Map<String, String> environment;

  ServeCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  @Override
  public Integer call() throws Exception {
    var settings = settings();
    var server = Server.start(settings);
    try (var stop = new StopSignal(server::close)) {
      terminal.say(readyLine(server.endpoint(), settings, environment));
      stop.await();
    }
    return 0;
  }

  private ServerConfig settings() {
    try {
      return ServerConfig.load(configFile(), overrides());
    } catch (ConfigException refused) {
      throw CommandFailure.ofUsage(Failures.describe(refused));
    }
  }

  private Optional<Path> configFile() {
    if (config != null) {
      return Optional.of(config);
    }
    return Files.exists(USUAL_CONFIG) ? Optional.of(USUAL_CONFIG) : Optional.empty();
  }

  private Map<String, String> overrides() {
    var overrides = new LinkedHashMap<String, String>();
    put(overrides, "host", host);
    put(overrides, "port", port);
    put(overrides, "data-dir", dataDirectory);
    put(overrides, "runtime", runtime);
    put(overrides, "auth", auth);
    put(overrides, "region", region);
    put(overrides, "account", account);
    put(overrides, "allow-open-non-loopback", isOpenAllowedBeyondLoopback ? "true" : null);
    return overrides;
  }

  private static void put(Map<String, String> overrides, String key, @Nullable String value) {
    if (value != null) {
      overrides.put(key, value);
    }
  }

  /**
   * Returns a line that says the server is ready, and that a shell takes: it sets what AWS tools
   * need to reach the server and don't have yet.
   */
  static String readyLine(URI endpoint, ServerConfig settings, Map<String, String> environment) {
    var line = new StringBuilder("export AWS_ENDPOINT_URL=").append(endpoint);
    boolean hasCredentials =
        environment.containsKey("AWS_ACCESS_KEY_ID") || environment.containsKey("AWS_PROFILE");
    if (settings.auth().equals("open") && !hasCredentials) {
      line.append(" AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
    }
    if (!environment.containsKey("AWS_DEFAULT_REGION") && !environment.containsKey("AWS_REGION")) {
      line.append(" AWS_DEFAULT_REGION=").append(settings.region());
    }
    return line.append("  # Berth is ready; Ctrl-C stops it").toString();
  }
}
