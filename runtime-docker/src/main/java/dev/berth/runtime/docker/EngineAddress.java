package dev.berth.runtime.docker;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a container engine may listen. Looking costs one file lookup; nothing is connected.
 *
 * @param candidates URLs to look at, the preferred first: {@code unix:///path} or {@code
 *     tcp://host:port}
 * @param origin who names them, in words that follow "named by"
 */
public record EngineAddress(List<URI> candidates, String origin) {
  /** Neither variable nor context: where Docker and Podman listen unless told otherwise. */
  private static final String USUAL = "custom";

  public EngineAddress {
    candidates = List.copyOf(candidates);
  }

  /**
   * Returns what an environment says, as Docker's command line reads it: {@code DOCKER_HOST} where
   * it is set, else the context that {@code DOCKER_CONTEXT} or {@code docker context use} chose,
   * else the usual sockets of Docker, rootless Docker and Podman.
   */
  public static EngineAddress of(Map<String, String> environment) {
    String host = environment.getOrDefault("DOCKER_HOST", "");
    if (!host.isBlank()) {
      return new EngineAddress(List.of(URI.create(host.strip())), "DOCKER_HOST");
    }
    return DockerContext.of(environment)
        .map(context -> new EngineAddress(context.host().stream().toList(), context.words()))
        .orElseGet(() -> new EngineAddress(usual(environment), USUAL));
  }

  private static List<URI> usual(Map<String, String> environment) {
    var candidates = new ArrayList<URI>();
    candidates.add(URI.create("unix:///var/run/docker.sock"));
    String folder = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!folder.isEmpty()) {
      candidates.add(URI.create("unix://" + folder + "/docker.sock"));
      candidates.add(URI.create("unix://" + folder + "/podman/podman.sock"));
    }
    candidates.add(URI.create("unix:///run/podman/podman.sock"));
    return candidates;
  }

  /** Returns the first candidate that may answer: a socket that is there, or any TCP address. */
  public Optional<URI> present() {
    return candidates.stream()
        .filter(candidate ->
            !"unix".equals(candidate.getScheme()) || Files.exists(Path.of(candidate.getPath())))
        .findFirst();
  }

  /** Returns why no engine can be used, and what to do; empty when one may be there. */
  public Optional<String> obstacle() {
    Optional<URI> present = present();
    if (present.isEmpty()) {
      return Optional.of(
          "no container engine was found (looked at %s, named by %s); start Docker or Podman, or set DOCKER_HOST"
              .formatted(
                  candidates.isEmpty()
                      ? "nothing"
                      : String.join(", ", candidates.stream().map(URI::toString).toList()),
                  origin));
    }
    URI engine = present.get();
    if ("unix".equals(engine.getScheme())) {
      return Optional.empty();
    }
    if (!"tcp".equals(engine.getScheme()) || engine.getHost() == null) {
      return Optional.of(
          "the engine's address '%s', named by %s, is neither unix:///path nor tcp://host:port; set DOCKER_HOST"
              .formatted(engine, origin));
    }
    return isThisMachine(engine.getHost())
        ? Optional.empty()
        : Optional.of(
            "the engine at %s, named by %s, is on another machine and can't see the models staged on this one; set DOCKER_HOST to an engine here"
                .formatted(engine, origin));
  }

  private static boolean isThisMachine(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException _) {
      return false;
    }
  }
}
