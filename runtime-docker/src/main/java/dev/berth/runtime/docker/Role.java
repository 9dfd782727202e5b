package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.ResolvedImage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one container is to its instance, as its labels tell.
 *
 * @param position from 0, in the order of the model's {@code Containers}
 * @param name container's name in messages, and for its neighbours
 * @param image image as the model names it
 * @param isMultiModel whether its {@code Mode} is {@code MultiModel}
 * @param artifacts staged directories mounted into it
 */
record Role(int position, String name, String image, boolean isMultiModel, Set<Path> artifacts) {
  private static final int FIRST_PORT = 8080;
  private static final int FIRST_SAFE_PORT = 10_000;
  private static final int SAFE_PORTS = 1000;

  private static final String POSITION = "dev.berth.position";
  private static final String CONTAINER = "dev.berth.container";
  private static final String IMAGE = "dev.berth.image";
  private static final String MULTI_MODEL = "dev.berth.multi-model";

  private static final String RESOLVED_IMAGE = "dev.berth.image-resolved";
  private static final String IMAGE_ID = "dev.berth.image-id";
  private static final String RESOLVED_AT_MILLIS = "dev.berth.image-resolved-at-ms";

  /** One label for each directory: {@code dev.berth.artifact.0} … */
  static final String ARTIFACT = "dev.berth.artifact.";

  Role {
    artifacts = Set.copyOf(artifacts);
  }

  static Role of(int position, ContainerSpec spec) {
    var artifacts = new HashSet<>(spec.additionalModelDirectories().values());
    spec.modelDirectory().ifPresent(artifacts::add);
    return new Role(position, spec.name(), spec.image(), spec.multiModel().isPresent(), artifacts);
  }

  /** Returns the port it serves on: 8080 for the first container, 8081 for the second … */
  int port() {
    return FIRST_PORT + position;
  }

  /** Returns the ports that its own inner servers may take, first and last. */
  String safePorts() {
    int first = FIRST_SAFE_PORT + SAFE_PORTS * position;
    return first + "-" + (first + SAFE_PORTS - 1);
  }

  /** Returns the labels that {@link #read} and {@link #image} understand. */
  Map<String, String> labels(ResolvedImage resolved) {
    var labels = new HashMap<String, String>();
    labels.put(POSITION, Integer.toString(position));
    labels.put(CONTAINER, name);
    labels.put(IMAGE, image);
    labels.put(MULTI_MODEL, Boolean.toString(isMultiModel));
    labels.put(RESOLVED_IMAGE, resolved.reference());
    labels.put(IMAGE_ID, resolved.id());
    labels.put(RESOLVED_AT_MILLIS, Long.toString(resolved.resolvedAtMillis()));
    for (Path artifact : artifacts) {
      labels.put(ARTIFACT + labels.size(), artifact.toString());
    }
    return labels;
  }

  /**
   * Reads labels back.
   *
   * @throws NumberFormatException when they are not whole
   */
  static Role read(Map<String, String> labels) {
    var artifacts = new HashSet<Path>();
    labels.forEach((key, value) -> {
      if (key.startsWith(ARTIFACT)) {
        artifacts.add(Path.of(value));
      }
    });
    return new Role(
        Integer.parseInt(labels.getOrDefault(POSITION, "0")),
        labels.getOrDefault(CONTAINER, "primary"),
        labels.getOrDefault(IMAGE, ""),
        "true".equals(labels.get(MULTI_MODEL)),
        artifacts);
  }

  /** Reads back what its image stands for; empty when the labels don't tell. */
  static Optional<ResolvedImage> image(Map<String, String> labels) {
    String reference = labels.get(RESOLVED_IMAGE);
    String millis = labels.get(RESOLVED_AT_MILLIS);
    return reference == null || millis == null
        ? Optional.empty()
        : Optional.of(
            new ResolvedImage(
                reference, labels.getOrDefault(IMAGE_ID, ""), Long.parseLong(millis)));
  }
}
