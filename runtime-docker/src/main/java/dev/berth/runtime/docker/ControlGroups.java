package dev.berth.runtime.docker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control groups of this machine's kernel, one for each instance of several containers: limits of
 * each container bound each, and only a group above them bounds what they take together. Made as
 * directories (https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and cgroup-v2.html) where
 * the engine is told groups by their path and Berth may make them; {@link #obstacle} says where
 * that isn't so. Many threads at a time.
 */
final class ControlGroups {
  private static final Logger log = LoggerFactory.getLogger(ControlGroups.class);
  private static final Path MOUNT = Path.of("/sys/fs/cgroup");
  private static final String OURS = "berth";

  /** How long a group may be busy with containers that the engine has just removed. */
  private static final Duration BUSY = Duration.ofSeconds(5);

  private final Path mount;
  private final String installation;

  ControlGroups(String installation) {
    this(MOUNT, installation);
  }

  /**
   * @param mount where the kernel shows its groups
   */
  ControlGroups(Path mount, String installation) {
    this.mount = mount;
    this.installation = installation;
  }

  /** Returns why containers of an engine can't be put into groups of ours, as far as it tells. */
  static Optional<String> obstacle(Engine.Facts engine) {
    if (!engine.isHere()) {
      return Optional.of("the engine is not on this machine's own system");
    }
    return engine.groupDriver().equals("cgroupfs")
        ? Optional.empty()
        : Optional.of("the engine leaves control groups to '%s'".formatted(engine.groupDriver()));
  }

  /**
   * Makes the group of an instance, or finds it made, and bounds its memory.
   *
   * @return its path as the engine takes it
   * @throws IOException when this process can't, or the kernel takes another bound
   */
  String make(Assignment assignment, long memoryBytes) throws IOException {
    Path group = memory(assignment);
    Files.createDirectories(group);
    if (isUnified()) {
      for (Path at = mount; !at.equals(group); at = next(at, group)) {
        write(at.resolve("cgroup.subtree_control"), "+memory");
      }
    }
    write(limit(group), Long.toString(memoryBytes));
    // No swap beside it, as for each container; not every kernel counts it.
    Path swap = group.resolve(isUnified() ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
    if (Files.exists(swap)) {
      write(swap, isUnified() ? "0" : Long.toString(memoryBytes));
    }
    long taken = read(limit(group));
    if (taken > memoryBytes) {
      throw new IOException("the kernel took %d bytes for %d".formatted(taken, memoryBytes));
    }
    return "/%s/%s/%s".formatted(OURS, installation, assignment.id().instance());
  }

  /** Returns the directory one step further down towards another. */
  private static Path next(Path from, Path to) {
    return from.resolve(from.relativize(to).getName(0));
  }

  /**
   * Returns whether all these running containers are in the instance's group, which has a bound of
   * at most {@code memoryBytes}.
   */
  boolean holds(Assignment assignment, List<String> containers, long memoryBytes) {
    Path group = memory(assignment);
    try {
      if (read(limit(group)) > memoryBytes) {
        return false;
      }
      List<String> there =
          children(group).stream().map(child -> child.getFileName().toString()).toList();
      return containers.stream().allMatch(id -> there.stream().anyMatch(name -> name.contains(id)));
    } catch (IOException e) {
      log.debug("no group {}", group, e);
      return false;
    }
  }

  /** Removes the group of an instance whose containers are gone, if there is one. */
  void remove(Assignment assignment) throws InterruptedException {
    remove(assignment.id().instance());
  }

  /** Removes the groups of this installation but those of these instances. */
  void retain(Set<Assignment> found) throws InterruptedException {
    Set<String> wanted =
        found.stream().map(assignment -> assignment.id().instance()).collect(Collectors.toSet());
    var there = new ArrayList<String>();
    for (Path hierarchy : hierarchies()) {
      try {
        for (Path group : children(hierarchy.resolve(OURS).resolve(installation))) {
          there.add(group.getFileName().toString());
        }
      } catch (IOException _) {
        // nothing of ours
      }
    }
    for (String instance : Set.copyOf(there)) {
      if (!wanted.contains(instance)) {
        remove(instance);
      }
    }
  }

  /** The engine makes a directory of the same path for each controller, and leaves them all. */
  private void remove(String instance) throws InterruptedException {
    var deadline = new Deadline(BUSY);
    for (Path hierarchy : hierarchies()) {
      Path group = hierarchy.resolve(OURS).resolve(installation).resolve(instance);
      while (Files.exists(group) && !isEmptied(group) && !deadline.isOver()) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      if (Files.exists(group)) {
        log.warn("control group {} stays until the next start", group);
      }
    }
  }

  /**
   * Removes this installation's directory if no instance is in it. Not beside a start, whose
   * directories the engine is about to make below it.
   */
  void leave() {
    for (Path hierarchy : hierarchies()) {
      boolean _ = isRemoved(hierarchy.resolve(OURS).resolve(installation));
    }
  }

  /** Removes a group with those in it: Podman leaves one of its own there. */
  private static boolean isEmptied(Path group) {
    try {
      for (Path child : children(group)) {
        boolean _ = isRemoved(child);
      }
    } catch (IOException _) {
      return false;
    }
    return isRemoved(group);
  }

  private static boolean isRemoved(Path group) {
    try {
      return Files.deleteIfExists(group);
    } catch (IOException _) {
      return false;
    }
  }

  private List<Path> hierarchies() {
    if (isUnified()) {
      return List.of(mount);
    }
    try {
      return children(mount);
    } catch (IOException _) {
      return List.of();
    }
  }

  private Path memory(Assignment assignment) {
    Path hierarchy = isUnified() ? mount : mount.resolve("memory");
    return hierarchy.resolve(OURS).resolve(installation).resolve(assignment.id().instance());
  }

  private Path limit(Path group) {
    return group.resolve(isUnified() ? "memory.max" : "memory.limit_in_bytes");
  }

  /** Whether the kernel has one hierarchy for all controllers, which is version 2. */
  private boolean isUnified() {
    return Files.exists(mount.resolve("cgroup.controllers"));
  }

  private static List<Path> children(Path directory) throws IOException {
    var children = new ArrayList<Path>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, Files::isDirectory)) {
      found.forEach(children::add);
    }
    return children;
  }

  private static void write(Path file, String value) throws IOException {
    try {
      Files.writeString(
          file, value, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
    } catch (NoSuchFileException e) {
      throw new IOException("the kernel has no " + file, e);
    }
  }

  private static long read(Path file) throws IOException {
    String value = Files.readString(file).strip();
    return value.equals("max") ? Long.MAX_VALUE : Long.parseLong(value);
  }
}
