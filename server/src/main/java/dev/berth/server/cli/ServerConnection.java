package dev.berth.server.cli;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which server a command talks to: the options that all of them share. */
final class ServerConnection {
  static final URI USUAL_ENDPOINT = URI.create("http://127.0.0.1:23784");
  static final String USUAL_REGION = "us-east-1";

  @Option(
      names = "--endpoint-url",
      paramLabel = "URL",
      description = "The server (environment: AWS_ENDPOINT_URL; default: http://127.0.0.1:23784).")
  private @Nullable URI endpointUrl;

  @Option(
      names = "--region",
      paramLabel = "REGION",
      description = "The region (environment: AWS_REGION, AWS_DEFAULT_REGION; default: us-east-1).")
  private @Nullable String region;

  /** Returns the endpoint if one was named by an option. */
  @Nullable URI namedEndpoint() {
    return endpointUrl;
  }

  URI endpoint(Map<String, String> environment) {
    if (endpointUrl != null) {
      return endpointUrl;
    }
    var told = environment.getOrDefault("AWS_ENDPOINT_URL", "");
    return told.isBlank() ? USUAL_ENDPOINT : URI.create(told.strip());
  }

  String region(Map<String, String> environment) {
    if (region != null) {
      return region;
    }
    var older = environment.getOrDefault("AWS_DEFAULT_REGION", "");
    var told = environment.getOrDefault("AWS_REGION", older);
    return told.isBlank() ? USUAL_REGION : told.strip();
  }

  /** Returns clients of the server's services; the caller closes them. */
  AwsClients open(Map<String, String> environment) {
    var endpoint = endpoint(environment);
    if (endpoint.getHost() == null || endpoint.getScheme() == null) {
      throw CommandFailure.ofUsage(
          "not a URL of a server: '%s'; expected something like %s"
              .formatted(endpoint, USUAL_ENDPOINT));
    }
    return new AwsClients(endpoint, region(environment));
  }
}
