package dev.berth.server.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sagemakerruntime.model.InvokeEndpointRequest;
import software.amazon.awssdk.services.sagemakerruntime.model.InvokeEndpointResponse;
import software.amazon.awssdk.services.sagemakerruntime.model.ModelErrorException;

/** {@code berth invoke}: one InvokeEndpoint, its answer as it came. */
@Command(
    name = "invoke",
    mixinStandardHelpOptions = true,
    description = "Sends a payload to an endpoint and writes what its model answers.")
final class InvokeCommand extends ClientCommand {
  @Parameters(index = "0", paramLabel = NAME, description = "The endpoint's name.")
  private String name = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PAYLOAD",
      description = "The payload itself, such as 5.1,3.5,1.4,0.2.")
  private @Nullable String payload;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "A file with the payload, - for standard input.")
  private @Nullable String file;

  @Option(
      names = "--content-type",
      paramLabel = "TYPE",
      description = "What the payload is; default: by the file's name or the first character.")
  private @Nullable String contentType;

  @Option(
      names = "--accept",
      paramLabel = "TYPE",
      description = "What the answer shall be; default: as the model likes.")
  private @Nullable String accept;

  @Option(
      names = "--target-variant",
      paramLabel = "VARIANT",
      description = "The variant to ask; default: by the variants' weights.")
  private @Nullable String targetVariant;

  InvokeCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) throws IOException {
    var body = body();
    var request =
        InvokeEndpointRequest.builder()
            .endpointName(name)
            .contentType(contentType == null ? guessContentType(file, body) : contentType)
            .accept(accept)
            .targetVariant(targetVariant)
            .body(SdkBytes.fromByteArrayUnsafe(body))
            .build();
    try {
      write(aws.runtime().invokeEndpoint(request));
    } catch (ModelErrorException refused) {
      throw new CommandFailure(
          "the model answered HTTP %s: %s"
              .formatted(refused.originalStatusCode(), refused.originalMessage()),
          refused);
    }
  }

  private byte[] body() throws IOException {
    if ((payload == null) == (file == null)) {
      throw CommandFailure.ofUsage("give the payload either as an argument or by --file");
    }
    if (payload != null) {
      return payload.getBytes(StandardCharsets.UTF_8);
    }
    return "-".equals(file) ? System.in.readAllBytes() : Files.readAllBytes(Path.of(file));
  }

  /** Returns what {@code body} probably is: by the name of its file, else by how it begins. */
  static String guessContentType(@Nullable String file, byte[] body) {
    var extension = file == null ? "" : file.substring(file.lastIndexOf('.') + 1);
    return switch (extension.toLowerCase(Locale.ROOT)) {
      case "csv" -> "text/csv";
      case "json" -> "application/json";
      case "libsvm", "svm" -> "text/libsvm";
      default -> {
        byte first = body.length == 0 ? 0 : body[0];
        yield first == '{' || first == '[' ? "application/json" : "text/csv";
      }
    };
  }

  private void write(InvokeEndpointResponse answer) {
    if (isJson()) {
      var json = Json.object();
      json.put("ContentType", answer.contentType());
      json.put("InvokedProductionVariant", answer.invokedProductionVariant());
      json.put("Body", answer.body().asUtf8String());
      terminal().say(Json.write(json));
      return;
    }
    var body = answer.body().asByteArrayUnsafe();
    terminal().out().write(body, 0, body.length);
    if (terminal().isLive() && body.length > 0 && body[body.length - 1] != '\n') {
      terminal().out().println();
    }
    terminal().out().flush();
  }
}
