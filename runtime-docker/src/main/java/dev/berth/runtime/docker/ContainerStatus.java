package dev.berth.runtime.docker;

import java.time.Instant;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A container as the engine finds it.
 *
 * @param phase where it is in its life
 * @param exitCode as it ended; 0 while it runs
 * @param isOutOfMemory whether the kernel killed it for its memory
 * @param startedAt its latest start; the epoch when there was none
 * @param addresses address by network name
 * @param publishedPort port of this machine's loopback that leads to the port it serves on
 */
record ContainerStatus(
    Phase phase,
    long exitCode,
    boolean isOutOfMemory,
    Instant startedAt,
    Map<String, String> addresses,
    OptionalInt publishedPort) {
  ContainerStatus {
    addresses = Map.copyOf(addresses);
  }

  /** Where a container is in its life. */
  enum Phase {
    CREATED,
    RUNNING,
    ENDED
  }

  boolean isRunning() {
    return phase == Phase.RUNNING;
  }

  /** Returns how it ended, for people. */
  String end() {
    if (isOutOfMemory) {
      return "was killed by the kernel for its memory (exit code %d)".formatted(exitCode);
    }
    return switch ((int) exitCode) {
      case 137 -> "was killed (exit code 137, SIGKILL)";
      case 139 -> "crashed (exit code 139, segmentation fault)";
      case 143 -> "was terminated (exit code 143, SIGTERM)";
      default -> "exited with code " + exitCode;
    };
  }
}
