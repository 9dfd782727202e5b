package dev.berth.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * A context of Docker's command line: a name for an engine, kept in the user's folder.
 *
 * @param name as {@code docker context ls} shows it
 * @param chooser what chose it: {@code DOCKER_CONTEXT}, or the path of a {@code config.json}
 * @param host where its engine listens; empty when there is no such context
 */
record DockerContext(String name, String chooser, Optional<URI> host) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Returns the context in use; empty when it is the default one, which means no choice. */
  static Optional<DockerContext> of(Map<String, String> environment) {
    Optional<Path> folder = folder(environment);
    String chosen = environment.getOrDefault("DOCKER_CONTEXT", "");
    String chooser = "DOCKER_CONTEXT";
    if (chosen.isBlank() && folder.isPresent()) {
      Path config = folder.get().resolve("config.json");
      chosen = read(config).path("currentContext").asText("");
      chooser = config.toString();
    }
    if (chosen.isBlank() || chosen.equals("default")) {
      return Optional.empty();
    }
    String name = chosen;
    return Optional.of(
        new DockerContext(name, chooser, folder.flatMap(known -> host(known, name))));
  }

  /** Who names the engine, in words that follow "named by". */
  String words() {
    return "context '%s' of %s".formatted(name, chooser);
  }

  private static Optional<Path> folder(Map<String, String> environment) {
    String own = environment.getOrDefault("DOCKER_CONFIG", "");
    if (!own.isBlank()) {
      return Optional.of(Path.of(own));
    }
    String home = environment.getOrDefault("HOME", "");
    return home.isBlank() ? Optional.empty() : Optional.of(Path.of(home, ".docker"));
  }

  /** A context's folder is named by the hash of its name. */
  private static Optional<URI> host(Path folder, String name) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      Path meta =
          folder
              .resolve("contexts/meta")
              .resolve(HexFormat.of().formatHex(hash))
              .resolve("meta.json");
      String host = read(meta).path("Endpoints").path("docker").path("Host").asText("");
      return host.isBlank() ? Optional.empty() : Optional.of(URI.create(host));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode read(Path file) {
    try {
      return Files.exists(file) ? JSON.readTree(file.toFile()) : JSON.createObjectNode();
    } catch (IOException _) {
      return JSON.createObjectNode(); // as if it weren't there; the words name it
    }
  }
}
