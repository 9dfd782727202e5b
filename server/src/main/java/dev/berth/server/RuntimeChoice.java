package dev.berth.server;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.RegistryAccess;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Several runtimes as one: an image goes to the first that does not refuse it. */
final class RuntimeChoice implements ContainerRuntime {
  private final List<ContainerRuntime> runtimes;

  /**
   * Makes one that owns {@code runtimes}.
   *
   * @param runtimes the preferred first; the last one's refusals are told
   */
  RuntimeChoice(List<ContainerRuntime> runtimes) {
    this.runtimes = List.copyOf(runtimes);
  }

  @Override
  public String name() {
    return runtimes.stream().map(ContainerRuntime::name).collect(Collectors.joining(" or "));
  }

  @Override
  public Set<Capability> capabilities() {
    var all = EnumSet.noneOf(Capability.class);
    runtimes.forEach(runtime -> all.addAll(runtime.capabilities()));
    return all;
  }

  @Override
  public Optional<String> refusal(String image) {
    Optional<String> refusal = Optional.empty();
    for (ContainerRuntime runtime : runtimes) {
      refusal = runtime.refusal(image);
      if (refusal.isEmpty()) {
        return refusal;
      }
    }
    return refusal;
  }

  @Override
  public void start(InstanceSpec spec) {
    runtimes.stream()
        .filter(runtime -> runs(runtime, spec))
        .findFirst()
        .orElse(runtimes.getLast())
        .start(spec);
  }

  private static boolean runs(ContainerRuntime runtime, InstanceSpec spec) {
    if (spec.containers().size() > 1
        && !runtime.capabilities().contains(Capability.SEVERAL_CONTAINERS)) {
      return false;
    }
    return spec.containers().stream()
        .allMatch(container ->
            runtime.refusal(container.image()).isEmpty()
                && (container.registry().mode() == RegistryAccess.Mode.PLATFORM
                    || runtime.capabilities().contains(Capability.PRIVATE_REGISTRY)));
  }

  @Override
  public void stop(InstanceId id) {
    runtimes.forEach(runtime -> runtime.stop(id)); // who doesn't know it does nothing
  }

  @Override
  public List<ObservedInstance> instances() {
    return runtimes.stream().flatMap(runtime -> runtime.instances().stream()).toList();
  }

  @Override
  public Set<Path> artifacts(InstanceId id) {
    var all = new HashSet<Path>();
    runtimes.forEach(runtime -> all.addAll(runtime.artifacts(id)));
    return all;
  }

  @Override
  public void onChange(ChangeListener listener) {
    runtimes.forEach(runtime -> runtime.onChange(listener));
  }

  @Override
  public void close() {
    runtimes.reversed().forEach(ContainerRuntime::close);
  }
}
