package dev.berth.hosting.multimodel;

import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Target;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A host that counts what it has, and refuses what a test wants refused. */
final class FakeHost implements ModelHost {
  final List<String> loads = new CopyOnWriteArrayList<>();
  final List<Long> expected = new CopyOnWriteArrayList<>();
  final List<String> unloads = new CopyOnWriteArrayList<>();
  final Set<String> present = ConcurrentHashMap.newKeySet();
  final Map<String, Refusal> refused = new ConcurrentHashMap<>();
  final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();
  final Set<String> sticky = ConcurrentHashMap.newKeySet();
  final Set<String> exploding = ConcurrentHashMap.newKeySet();
  final Map<String, Long> measured = new ConcurrentHashMap<>();
  volatile LossListener losses = (_, _) -> {};
  final AtomicInteger mostAtOnce = new AtomicInteger();
  private final AtomicInteger loading = new AtomicInteger();
  final Map<String, CountDownLatch> exits = new ConcurrentHashMap<>();
  private final long memoryBytes;
  private final long modelBytes;

  /** How many fit, as the container knows it. */
  volatile int room = Integer.MAX_VALUE;

  FakeHost(long memoryBytes, long modelBytes) {
    this.memoryBytes = memoryBytes;
    this.modelBytes = modelBytes;
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  @Override
  public Loaded load(String id, Path directory, long expectedBytes, Duration timeout)
      throws LoadException, InterruptedException {
    loads.add(id);
    expected.add(expectedBytes);
    mostAtOnce.accumulateAndGet(loading.incrementAndGet(), Math::max);
    try {
      return loaded(id, timeout);
    } finally {
      loading.decrementAndGet();
    }
  }

  private Loaded loaded(String id, Duration timeout) throws LoadException, InterruptedException {
    CountDownLatch gate = gates.get(id);
    if (gate != null && !gate.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new LoadException(new Refusal.TimedOut("too slow"));
    }
    Refusal refusal = refused.get(id);
    if (refusal != null) {
      throw new LoadException(refusal);
    }
    if (present.size() >= room) {
      throw new LoadException(new Refusal.NoRoom("no memory"));
    }
    present.add(id);
    return new Loaded(new Target.InProcess(new Named(id)), modelBytes);
  }

  @Override
  public void unload(String id) throws LoadException, InterruptedException {
    unloads.add(id);
    CountDownLatch exit = exits.get(id);
    if (exit != null) {
      exit.await();
    }
    if (exploding.contains(id)) {
      throw new IllegalStateException("it blows up");
    }
    if (sticky.contains(id)) {
      throw new LoadException(new Refusal.Rejected(500, "it hangs"));
    }
    present.remove(id);
  }

  @Override
  public boolean has(String id) {
    return present.contains(id);
  }

  @Override
  public OptionalLong measuredBytes(String id) {
    Long bytes = measured.get(id);
    return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
  }

  @Override
  public void onLoss(LossListener listener) {
    losses = listener;
  }

  @Override
  public Set<String> loaded() {
    return Set.copyOf(present);
  }

  /** A model that is known by its id. */
  record Named(String id) implements InProcessModel {
    @Override
    public boolean isQuick(int bodyBytes) {
      return true;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      return ModelResponse.text(200, id);
    }
  }
}
