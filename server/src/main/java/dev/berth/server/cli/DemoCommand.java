package dev.berth.server.cli;

import dev.berth.server.Server;
import dev.berth.server.ServerConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code berth demo}: the whole journey, on a real model and rows it has not seen. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Serves a real model, from upload to predictions, and cleans up.",
      "Starts a server of its own on a free port, with a data folder that it deletes; with"
          + " --endpoint-url it uses the server that runs there."
    })
final class DemoCommand implements Callable<Integer> {
  /** Read by logback.xml, when the first logger is made. */
  private static final String LOG_LEVEL = "BERTH_LOG_LEVEL";

  @Mixin private final ServerConnection connection = new ServerConnection();

  @Option(
      names = "--keep",
      description =
          "Delete nothing. A server of the demo's own runs on until Ctrl-C, which deletes all.")
  private boolean isKept;

  private final Terminal terminal;
  private final Map<String, String> environment;

  DemoCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  @Override
  public Integer call() throws Exception {
    terminal.say(
        """
        %s

        The model: trained by Python's XGBoost on 456 of the 569 cell samples of Breast Cancer
        Wisconsin (Diagnostic) (UCI, CC BY 4.0). The question: benign or malignant? It is asked
        about the other 113 samples, which it has not seen.
        """
            .formatted(terminal.strong("Berth's demo: a real model, from upload to predictions")));
    var named = connection.namedEndpoint();
    if (named != null) {
      playOn(named, DeployCommand.generationName("breast-cancer", Instant.now()));
    } else {
      playOnOwnServer();
    }
    return 0;
  }

  private void playOn(URI endpoint, String name) throws IOException, InterruptedException {
    var made = new Undo();
    try (var _ = new StopSignal(made::run);
        var aws = new AwsClients(endpoint, connection.region(environment))) {
      new DemoJourney(aws, terminal, name, made).play();
      if (isKept) {
        made.forget();
      } else {
        made.run();
        terminal.sayDone("deleted all that the demo made");
      }
      tellHowToGoOn(endpoint, name);
    } catch (RuntimeException failure) {
      throw Failures.at(endpoint, failure);
    }
  }

  private void playOnOwnServer() throws Exception {
    var folder = Files.createTempDirectory("berth-demo-");
    var process = new Undo();
    process.push(() -> deleteFolder(folder));
    try (var stop = new StopSignal(process::run)) {
      quiet();
      var server = Server.start(settings(folder));
      process.push(server::close);
      terminal.sayDone("%s  %s, data in %s".formatted(call("server"), server.endpoint(), folder));
      var name = "breast-cancer";
      playOn(server.endpoint(), name);
      if (isKept) {
        terminal.say("");
        terminal.say("The server runs on until Ctrl-C, which deletes its data.");
        stop.await();
      }
    }
  }

  private static ServerConfig settings(Path folder) {
    return ServerConfig.load(
        Optional.empty(),
        Map.of("port", "0", "data-dir", folder.toString(), "runtime", "embedded"));
  }

  /** Keeps the server's notes, which would mix with the demo's, out of the way unless asked for. */
  private void quiet() {
    if (!environment.containsKey(LOG_LEVEL)) {
      System.setProperty(LOG_LEVEL, "WARN");
    }
  }

  private static void deleteFolder(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /** Returns the name of a call, as wide as the longest. */
  static String call(String name) {
    return "%-30s".formatted(name);
  }

  private void tellHowToGoOn(URI endpoint, String name) throws IOException {
    var row = DemoRow.all().getFirst().features();
    terminal.say("");
    terminal.say(
        terminal.strong(
            isKept
                ? "Go on by hand, in another terminal:"
                : "Run it with --keep, and you can go on by hand, with lines like these:"));
    terminal.say(
        """

        export AWS_ENDPOINT_URL=%1$s AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=%2$s
        ROW=%4$s

        aws sagemaker describe-endpoint --endpoint-name %3$s

        echo $ROW | aws sagemaker-runtime invoke-endpoint --endpoint-name %3$s \\
          --content-type text/csv --body fileb:///dev/stdin /dev/stdout

        python3 -c "
        import boto3
        answer = boto3.client('sagemaker-runtime').invoke_endpoint(
            EndpointName='%3$s', ContentType='text/csv', Body='$ROW')
        print(answer['Body'].read().decode())"\
        """
            .formatted(endpoint, connection.region(environment), name, row));
  }
}
