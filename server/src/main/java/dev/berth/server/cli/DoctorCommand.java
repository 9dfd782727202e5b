package dev.berth.server.cli;

import dev.berth.runtime.docker.EngineAddress;
import dev.berth.runtime.docker.EngineCheck;
import dev.berth.server.ConfigException;
import dev.berth.server.ServerConfig;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code berth doctor}: looks at this machine, and says what to do about what is amiss. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Checks whether Berth can run here, and whether AWS tools would find it.")
final class DoctorCommand implements Callable<Integer> {
  private static final int OLDEST_JAVA = 25;
  private static final long LITTLE_SPACE_BYTES = 1_000_000_000;
  private static final int HTTP_PATIENCE_MILLIS = 2_000;

  @Option(names = "--data-dir", paramLabel = "DIR", description = "Default: ~/.berth.")
  private Path dataDirectory = ServerConfig.load(Optional.empty(), Map.of()).dataDirectory();

  @Option(names = "--port", paramLabel = "PORT", description = "Default: ${DEFAULT-VALUE}.")
  private int port = ServerConnection.USUAL_ENDPOINT.getPort();

  @Option(names = "--json", description = "Write one JSON document, for programs.")
  private boolean isJson;

  private final Terminal terminal;
  private final Map<String, String> environment;

  DoctorCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  /** How a check came out. */
  enum Outcome {
    GOOD,
    /** Works, but not all of it. */
    NOTE,
    BAD
  }

  /**
   * One thing looked at.
   *
   * @param found what is there
   * @param advice what to do about it, empty if nothing
   */
  record Check(String subject, Outcome outcome, String found, String advice) {
    static Check good(String subject, String found) {
      return new Check(subject, Outcome.GOOD, found, "");
    }
  }

  @Override
  public Integer call() {
    var checks =
        List.of(
            java(Runtime.version().feature()),
            dataDirectory(dataDirectory),
            port(port),
            embedded(System.getProperty("os.name"), System.getProperty("os.arch")),
            docker(environment),
            isolation(environment),
            roleCredentials(environment),
            mirrors(settings()),
            endpointVariable(),
            credentialVariables(),
            regionVariable());
    if (isJson) {
      writeJson(checks);
    } else {
      checks.forEach(this::write);
    }
    return checks.stream().anyMatch(check -> check.outcome() == Outcome.BAD) ? 1 : 0;
  }

  static Check java(int version) {
    var found = "Java %d (%s)".formatted(version, System.getProperty("java.vm.vendor"));
    return version >= OLDEST_JAVA
        ? Check.good("java", found)
        : new Check("java", Outcome.BAD, found, "install a JDK %d or newer".formatted(OLDEST_JAVA));
  }

  static Check dataDirectory(Path directory) {
    var subject = "data folder";
    var folder = directory.toAbsolutePath().normalize();
    var existing = folder;
    while (existing.getParent() != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    if (!Files.isDirectory(existing) || !Files.isWritable(existing)) {
      return new Check(
          subject,
          Outcome.BAD,
          "%s cannot be written".formatted(folder),
          "make %s writable, or name another folder with --data-dir".formatted(existing));
    }
    try {
      long space = Files.getFileStore(existing).getUsableSpace();
      var found =
          "%s%s, %s free"
              .formatted(
                  folder,
                  existing.equals(folder) ? "" : " (not there yet)",
                  ProgressLine.bytes(space));
      return space >= LITTLE_SPACE_BYTES
          ? Check.good(subject, found)
          : new Check(subject, Outcome.NOTE, found, "free some space: models are unpacked here");
    } catch (IOException failure) {
      return new Check(
          subject, Outcome.BAD, Failures.describe(failure), "name another with --data-dir");
    }
  }

  static Check port(int port) {
    var subject = "port";
    if (answersAsBerth(port)) {
      return Check.good(subject, "Berth answers at http://127.0.0.1:%d".formatted(port));
    }
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return Check.good(subject, "%d is free; start Berth with 'berth serve'".formatted(port));
    } catch (IOException taken) {
      return new Check(
          subject,
          Outcome.BAD,
          "%d is taken by another program".formatted(port),
          "stop it, or start Berth with --port");
    }
  }

  private static boolean answersAsBerth(int port) {
    try {
      var url = URI.create("http://127.0.0.1:%d/_berth/health".formatted(port)).toURL();
      var connection = (HttpURLConnection) url.openConnection();
      connection.setConnectTimeout(HTTP_PATIENCE_MILLIS);
      connection.setReadTimeout(HTTP_PATIENCE_MILLIS);
      return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
    } catch (IOException nobody) {
      return false;
    }
  }

  /** The model libraries are native: they are built for these systems only. */
  static Check embedded(String system, String architecture) {
    var subject = "embedded runtime";
    var found = "%s on %s".formatted(system, architecture);
    var name = system.toLowerCase(Locale.ROOT);
    boolean isKnown =
        Stream.of("linux", "mac", "windows").anyMatch(name::startsWith)
            && Set.of("amd64", "x86_64", "aarch64").contains(architecture);
    if (!isKnown) {
      return new Check(
          subject, Outcome.BAD, found, "run Berth on Linux, macOS or Windows, on x86-64 or ARM64");
    }
    if (name.startsWith("linux") && isMusl()) {
      return new Check(
          subject,
          Outcome.NOTE,
          found + " with musl",
          "use a glibc distribution: ONNX and LightGBM models need it");
    }
    return Check.good(subject, found);
  }

  private static boolean isMusl() {
    try (var files = Files.newDirectoryStream(Path.of("/lib"), "ld-musl-*")) {
      return files.iterator().hasNext();
    } catch (IOException noFolder) {
      return false;
    }
  }

  static Check docker(Map<String, String> environment) {
    return ofEngine("docker runtime", EngineCheck.of(EngineAddress.of(environment)));
  }

  static Check isolation(Map<String, String> environment) {
    return ofEngine("network isolation", EngineCheck.ofIsolation(EngineAddress.of(environment)));
  }

  static Check roleCredentials(Map<String, String> environment) {
    return ofEngine("role credentials", EngineCheck.ofRoles(EngineAddress.of(environment)));
  }

  /** What an engine lacks is no fault: built-in images run without one. */
  private static Check ofEngine(String subject, EngineCheck check) {
    return new Check(
        subject, check.isUsable() ? Outcome.GOOD : Outcome.NOTE, check.found(), check.advice());
  }

  private static Optional<Path> settings() {
    return Optional.of(ServeCommand.USUAL_CONFIG).filter(Files::exists);
  }

  /** What stands for AWS's registries in the settings that 'berth serve' would take from here. */
  static Check mirrors(Optional<Path> settings) {
    var subject = "image mirrors";
    if (settings.isEmpty()) {
      return Check.good(subject, "no berth.yaml here: ECR images have to be on the engine");
    }
    try {
      var containers = ServerConfig.load(settings, Map.of()).containers();
      return Check.good(
          subject,
          containers.mirrors().isEmpty()
              ? "none in %s: ECR images have to be on the engine".formatted(settings.get())
              : containers.mirrors().stream()
                  .map(mirror -> mirror.pattern() + " from " + mirror.replacement())
                  .collect(Collectors.joining("; ")));
    } catch (ConfigException refused) {
      return new Check(
          subject, Outcome.BAD, Failures.describe(refused), "correct " + settings.get());
    }
  }

  private Check endpointVariable() {
    var wanted = "http://127.0.0.1:%d".formatted(port);
    var set = environment.getOrDefault("AWS_ENDPOINT_URL", "");
    if (set.equals(wanted)) {
      return Check.good("AWS_ENDPOINT_URL", set);
    }
    return new Check(
        "AWS_ENDPOINT_URL",
        Outcome.NOTE,
        set.isEmpty() ? "not set: AWS tools would ask AWS" : set,
        "export AWS_ENDPOINT_URL=" + wanted);
  }

  private Check credentialVariables() {
    var subject = "AWS credentials";
    if (environment.containsKey("AWS_ACCESS_KEY_ID")) {
      return Check.good(subject, "AWS_ACCESS_KEY_ID is set");
    }
    if (environment.containsKey("AWS_PROFILE")) {
      return Check.good(subject, "AWS_PROFILE is set");
    }
    return new Check(
        subject,
        Outcome.NOTE,
        "none in the environment: AWS tools need some, open mode takes any",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
  }

  private Check regionVariable() {
    for (var variable : List.of("AWS_REGION", "AWS_DEFAULT_REGION")) {
      var region = environment.getOrDefault(variable, "");
      if (!region.isEmpty()) {
        return Check.good("AWS region", region);
      }
    }
    return new Check(
        "AWS region",
        Outcome.NOTE,
        "not set: AWS tools need one",
        "export AWS_DEFAULT_REGION=" + ServerConnection.USUAL_REGION);
  }

  private void write(Check check) {
    var mark =
        switch (check.outcome()) {
          case GOOD -> terminal.good("✓");
          case NOTE -> terminal.warning("!");
          case BAD -> terminal.bad("✗");
        };
    terminal.say("%s %-17s %s".formatted(mark, check.subject(), check.found()));
    if (!check.advice().isEmpty()) {
      terminal.say("  %-17s %s".formatted("", terminal.faint("→ " + check.advice())));
    }
  }

  private void writeJson(List<Check> checks) {
    var array = Json.array();
    for (var check : checks) {
      array
          .addObject()
          .put("subject", check.subject())
          .put("outcome", check.outcome().name().toLowerCase(Locale.ROOT))
          .put("found", check.found())
          .put("advice", check.advice());
    }
    terminal.say(Json.write(array));
  }
}
