package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.Owner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a container's labels tell of its instance: enough to go on with it after a restart.
 *
 * @param id the instance's identity
 * @param ownerName name of the endpoint or job, for people
 * @param container container's name in messages
 * @param image image as the model names it
 * @param startupTimeout from the container's start to its first healthy ping
 * @param artifacts staged directories mounted into it
 */
record Assignment(
    InstanceId id,
    String ownerName,
    String container,
    String image,
    Duration startupTimeout,
    Set<Path> artifacts) {
  static final String INSTALLATION = "dev.berth.installation";
  private static final String OWNER_KIND = "dev.berth.owner-kind";
  private static final String OWNER_ID = "dev.berth.owner-id";
  private static final String OWNER_NAME = "dev.berth.owner-name";
  private static final String GENERATION = "dev.berth.generation";
  private static final String VARIANT = "dev.berth.variant";
  private static final String INSTANCE = "dev.berth.instance";
  private static final String CONTAINER = "dev.berth.container";
  private static final String IMAGE = "dev.berth.image";
  private static final String STARTUP_TIMEOUT_MILLIS = "dev.berth.startup-timeout-ms";

  /** One label for each directory: {@code dev.berth.artifact.0} … */
  private static final String ARTIFACT = "dev.berth.artifact.";

  Assignment {
    artifacts = Set.copyOf(artifacts);
  }

  /** Returns the assignment of an instance with one container. */
  static Assignment of(InstanceSpec spec) {
    var container = spec.containers().getFirst();
    var artifacts = new HashSet<>(container.additionalModelDirectories().values());
    container.modelDirectory().ifPresent(artifacts::add);
    return new Assignment(
        spec.id(),
        spec.ownerName(),
        container.name(),
        container.image(),
        spec.startupTimeout(),
        artifacts);
  }

  /** Returns the labels that {@link #read} understands. */
  Map<String, String> labels(String installation) {
    var labels = new HashMap<String, String>();
    labels.put(INSTALLATION, installation);
    labels.put(OWNER_KIND, id.owner().kind().label());
    labels.put(OWNER_ID, id.owner().id());
    labels.put(OWNER_NAME, ownerName);
    labels.put(GENERATION, Long.toString(id.generation()));
    labels.put(VARIANT, id.variant());
    labels.put(INSTANCE, id.instance());
    labels.put(CONTAINER, container);
    labels.put(IMAGE, image);
    labels.put(STARTUP_TIMEOUT_MILLIS, Long.toString(startupTimeout.toMillis()));
    for (Path artifact : artifacts) {
      labels.put(ARTIFACT + labels.size(), artifact.toString());
    }
    return labels;
  }

  /** Returns the labels that all of its objects, and no others, carry. */
  Map<String, String> identity(String installation) {
    return Map.of(INSTALLATION, installation, OWNER_ID, id.owner().id(), INSTANCE, id.instance());
  }

  /** Reads labels back; empty when they are not ours or not whole. */
  static Optional<Assignment> read(@Nullable Map<String, String> labels) {
    if (labels == null
        || !labels
            .keySet()
            .containsAll(Set.of(OWNER_KIND, OWNER_ID, GENERATION, VARIANT, INSTANCE))) {
      return Optional.empty();
    }
    Optional<Owner.Kind> kind = Owner.Kind.labelled(value(labels, OWNER_KIND));
    if (kind.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Assignment(
              new InstanceId(
                  new Owner(kind.get(), value(labels, OWNER_ID)),
                  Long.parseLong(value(labels, GENERATION)),
                  value(labels, VARIANT),
                  value(labels, INSTANCE)),
              value(labels, OWNER_NAME),
              value(labels, CONTAINER),
              value(labels, IMAGE),
              Duration.ofMillis(Long.parseLong(value(labels, STARTUP_TIMEOUT_MILLIS))),
              artifacts(labels)));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  private static Set<Path> artifacts(Map<String, String> labels) {
    var artifacts = new HashSet<Path>();
    labels.forEach((key, value) -> {
      if (key.startsWith(ARTIFACT)) {
        artifacts.add(Path.of(value));
      }
    });
    return artifacts;
  }

  private static String value(Map<String, String> labels, String key) {
    return labels.getOrDefault(key, "");
  }

  /**
   * Returns the name of its container and of its network: unique on the engine, made for people.
   */
  String objectName(String installation) {
    String owner = installation.substring(0, Math.min(8, installation.length()));
    return "berth-%s-%s-%s-%s".formatted(ownerName, id.variant(), id.instance(), owner);
  }
}
