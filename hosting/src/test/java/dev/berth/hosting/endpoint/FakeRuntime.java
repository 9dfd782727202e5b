package dev.berth.hosting.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.hosting.runtime.Target;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A runtime whose instances do what their image says: {@code good} comes in service, {@code bad}
 * fails, {@code slow} stays Starting until {@link #letAllBecomeHealthy()}.
 */
final class FakeRuntime implements ContainerRuntime {
  /** What each instance says it uses. */
  static final Path ARTIFACT = Path.of("/artifacts/ready/1/files");

  private final Map<InstanceId, ObservedInstance> instances = new ConcurrentHashMap<>();
  private final Map<InstanceId, List<Optional<ResolvedImage>>> pins = new ConcurrentHashMap<>();
  private volatile Optional<ResolvedImage> image = Optional.empty();
  private final CountDownLatch starting = new CountDownLatch(1);
  private final CountDownLatch listed = new CountDownLatch(1);
  private final CountDownLatch started = new CountDownLatch(1);
  private volatile ChangeListener listener = _ -> {};
  private volatile boolean isListingWhileStarting;

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of();
  }

  @Override
  public Optional<String> refusal(String image) {
    return image.equals("unknown") ? Optional.of("no such image here") : Optional.empty();
  }

  @Override
  public void start(InstanceSpec spec) {
    pins.put(spec.id(), spec.containers().stream().map(ContainerSpec::pinned).toList());
    InstanceState state =
        switch (spec.containers().getFirst().image()) {
          case "good" -> inService();
          case "bad" -> new InstanceState.Failed("exit code 1: model is broken");
          default -> new InstanceState.Starting("loading");
        };
    if (isListingWhileStarting) {
      starting.countDown();
      listener.changed(spec.id());
      await(listed);
    }
    enter(spec.id(), state);
    started.countDown();
  }

  @Override
  public Set<Path> artifacts(InstanceId id) {
    return instances.containsKey(id) ? Set.of(ARTIFACT) : Set.of();
  }

  @Override
  public void stop(InstanceId id) {
    if (instances.remove(id) != null) {
      listener.changed(id);
    }
  }

  @Override
  public List<ObservedInstance> instances() {
    List<ObservedInstance> list = List.copyOf(instances.values());
    if (isListingWhileStarting && starting.getCount() == 0) {
      listed.countDown();
      await(started);
    }
    return list;
  }

  @Override
  public void onChange(ChangeListener changeListener) {
    listener = changeListener;
  }

  @Override
  public void close() {}

  /** The first instance comes up after the list that is being made then, and before its return. */
  void listWhileStarting() {
    isListingWhileStarting = true;
  }

  void letAllBecomeHealthy() {
    for (ObservedInstance instance : instances()) {
      if (instance.state() instanceof InstanceState.Starting) {
        enter(instance.id(), inService());
      }
    }
  }

  void kill(InstanceId id) {
    enter(id, new InstanceState.Failed("exit code 137"));
  }

  /** Has it be one that had died before this process came. */
  void lose(InstanceId id) {
    enter(id, new InstanceState.Lost("exit code 137"));
  }

  /** Kills it without a word to the listener. */
  void killUntold(InstanceId id) {
    put(id, new InstanceState.Failed("exit code 137"));
  }

  /** Has every instance from now on say what its image stands for. */
  void resolveTo(ResolvedImage resolved) {
    image = Optional.of(resolved);
  }

  /** Returns what the containers of an instance were pinned to when it was started. */
  List<Optional<ResolvedImage>> pins(InstanceId id) {
    return pins.get(id);
  }

  private void enter(InstanceId id, InstanceState state) {
    put(id, state);
    listener.changed(id);
  }

  private void put(InstanceId id, InstanceState state) {
    instances.put(
        id, new ObservedInstance(id, state, Instant.now(), image.stream().toList(), "a note"));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static InstanceState inService() {
    InProcessModel model =
        new InProcessModel() {
          @Override
          public boolean isQuick(int bodyBytes) {
            return true;
          }

          @Override
          public ModelResponse invoke(ModelRequest request) {
            return ModelResponse.text(200, "1");
          }
        };
    return new InstanceState.InService(List.of(new Target.InProcess(model)));
  }
}
