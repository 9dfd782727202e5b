package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.InstanceType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What an instance may use of the machine: what its type has, and no more than there is. The
 * containers of a pipeline share the CPUs by need; each may take all of the memory, and {@link
 * ControlGroups} bound what all take together.
 *
 * @param cpus vCPUs; 0 for no limit
 * @param memoryBytes 0 for no limit
 * @param gpus NVIDIA GPUs that it must have
 * @param note what its type has and the machine lacks, for people; empty if nothing
 */
record Limits(int cpus, long memoryBytes, int gpus, String note) {
  private static final double BYTES_PER_GIB = 1L << 30;

  /** Returns the limits of a type, if there is one and it is known. */
  static Limits of(Optional<String> instanceType, Engine.Facts machine) {
    if (instanceType.isEmpty()) {
      return new Limits(0, 0, 0, "");
    }
    return InstanceType.named(instanceType.get())
        .map(type -> of(type, machine))
        .orElseGet(() ->
            new Limits(0, 0, 0, "no limits: type %s is not known".formatted(instanceType.get())));
  }

  private static Limits of(InstanceType type, Engine.Facts machine) {
    int cpus = type.cpus();
    long memory = type.memoryBytes();
    List<String> less = new ArrayList<>();
    if (machine.cpus() > 0 && machine.cpus() < cpus) {
      cpus = machine.cpus();
      less.add("%d of %d vCPUs".formatted(cpus, type.cpus()));
    }
    if (machine.memoryBytes() > 0 && machine.memoryBytes() < memory) {
      memory = machine.memoryBytes();
      less.add(
          String.format(
              Locale.ROOT,
              "%.1f of %.1f GiB",
              memory / BYTES_PER_GIB,
              type.memoryBytes() / BYTES_PER_GIB));
    }
    String note =
        less.isEmpty()
            ? ""
            : "has %s that an %s has: all of this machine"
                .formatted(String.join(" and ", less), type.name());
    return new Limits(cpus, memory, type.gpus(), note);
  }

  /**
   * Returns what to say of several containers whose memory is not bounded together.
   *
   * @param why a clause
   */
  String unbounded(int containers, String why) {
    return String.format(
        Locale.ROOT,
        "each of its %d containers may take %.1f GiB, and all together more than the instance has: %s",
        containers,
        memoryBytes / BYTES_PER_GIB,
        why);
  }

  /** Returns the size of {@code /dev/shm}: half of the memory, 0 for the engine's own. */
  long sharedMemoryBytes(Engine.Facts machine) {
    return (memoryBytes > 0 ? memoryBytes : machine.memoryBytes()) / 2;
  }
}
