package dev.berth.transform.job;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Target;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** A runtime whose instances answer what a function says, or fail where the image is "bad". */
final class FakeRuntime implements ContainerRuntime {
  final Map<InstanceId, ObservedInstance> instances = new ConcurrentHashMap<>();
  final List<InstanceSpec> started = new CopyOnWriteArrayList<>();
  private final List<ChangeListener> listeners = new CopyOnWriteArrayList<>();
  private final BiFunction<InstanceId, ModelRequest, ModelResponse> model;

  FakeRuntime(BiFunction<InstanceId, ModelRequest, ModelResponse> model) {
    this.model = model;
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.values());
  }

  @Override
  public Optional<String> refusal(String image) {
    return image.equals("unknown") ? Optional.of("no such image here") : Optional.empty();
  }

  @Override
  public void start(InstanceSpec spec) {
    started.add(spec);
    var answering =
        new InProcessModel() {
          @Override
          public boolean isQuick(int bodyBytes) {
            return false;
          }

          @Override
          public ModelResponse invoke(ModelRequest request) {
            return model.apply(spec.id(), request);
          }
        };
    enter(
        spec.id(),
        spec.containers().getFirst().image().equals("bad")
            ? new InstanceState.Failed("exit code 1: model is broken")
            : new InstanceState.InService(
                spec.containers().stream()
                    .map(_ -> (Target) new Target.InProcess(answering))
                    .toList()));
  }

  void lose(InstanceId id) {
    enter(id, new InstanceState.Failed("exit code 137"));
  }

  private void enter(InstanceId id, InstanceState state) {
    instances.put(id, new ObservedInstance(id, state, Instant.now()));
    listeners.forEach(listener -> listener.changed(id));
  }

  @Override
  public void stop(InstanceId id) {
    if (instances.remove(id) != null) {
      listeners.forEach(listener -> listener.changed(id));
    }
  }

  @Override
  public List<ObservedInstance> instances() {
    return List.copyOf(instances.values());
  }

  @Override
  public void onChange(ChangeListener listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {}
}
