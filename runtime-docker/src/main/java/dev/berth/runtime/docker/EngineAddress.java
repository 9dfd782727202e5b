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
 */
public record EngineAddress(List<URI> candidates) {
  public EngineAddress {
    candidates = List.copyOf(candidates);
  }

  /**
   * Returns what an environment says: {@code DOCKER_HOST} alone where it is set, else the usual
   * sockets of Docker, rootless Docker and Podman.
   */
  public static EngineAddress of(Map<String, String> environment) {
    String host = environment.getOrDefault("DOCKER_HOST", "");
    if (!host.isBlank()) {
      return new EngineAddress(List.of(URI.create(host.strip())));
    }
    var candidates = new ArrayList<URI>();
    candidates.add(URI.create("unix:///var/run/docker.sock"));
    String folder = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (!folder.isEmpty()) {
      candidates.add(URI.create("unix://" + folder + "/docker.sock"));
      candidates.add(URI.create("unix://" + folder + "/podman/podman.sock"));
    }
    return new EngineAddress(candidates);
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
          "no container engine was found (looked at %s); start Docker or Podman, or set DOCKER_HOST"
              .formatted(String.join(", ", candidates.stream().map(URI::toString).toList())));
    }
    URI engine = present.get();
    if ("unix".equals(engine.getScheme())) {
      return Optional.empty();
    }
    if (!"tcp".equals(engine.getScheme()) || engine.getHost() == null) {
      return Optional.of(
          "the engine's address '%s' is neither unix:///path nor tcp://host:port; set DOCKER_HOST"
              .formatted(engine));
    }
    return isThisMachine(engine.getHost())
        ? Optional.empty()
        : Optional.of(
            "the engine at %s is on another machine and can't see the models staged on this one; set DOCKER_HOST to an engine here"
                .formatted(engine));
  }

  private static boolean isThisMachine(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException _) {
      return false;
    }
  }
}
