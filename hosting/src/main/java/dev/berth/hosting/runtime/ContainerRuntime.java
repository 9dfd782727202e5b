package dev.berth.hosting.runtime;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Starts, stops and observes instances on one kind of machine. It never decides: the planner does.
 * Many threads at a time. Every method returns at once; what takes long goes on in the background
 * and is seen through {@link #instances()}.
 */
public interface ContainerRuntime extends AutoCloseable {

  /** Name in settings and messages, such as {@code embedded}. */
  String name();

  /** What this runtime can do; anything else ends a deployment with a reason that names it. */
  Set<Capability> capabilities();

  /**
   * Returns why {@code image} can't run here, empty when it can. Asked before anything is staged.
   */
  Optional<String> refusal(String image);

  /** Begins to start an instance; does nothing when one with this id is already known. */
  void start(InstanceSpec spec);

  /**
   * Begins to stop an instance and forget it; does nothing when the id is unknown. When it is gone
   * from {@link #instances()}, all it held is released.
   */
  void stop(InstanceId id);

  /** Returns every instance known here, the dead included, in no particular order. */
  List<ObservedInstance> instances();

  /**
   * Returns the staged directories that an instance uses, as far as the runtime knows them: those
   * of an instance that an earlier process started must stay. Empty where instances end with the
   * process.
   */
  default Set<Path> artifacts(InstanceId id) {
    return Set.of();
  }

  /** Adds a listener to call after any change in {@link #instances()}. */
  void onChange(ChangeListener listener);

  /** Called after an instance changed, on any thread; must return at once. */
  @FunctionalInterface
  interface ChangeListener {
    void changed(InstanceId id);
  }

  /** Releases what this process holds; instances outside of it keep running, to be adopted. */
  @Override
  void close();
}
