package dev.berth.hosting.multimodel;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.ModelHost.LoadException;
import dev.berth.hosting.runtime.ModelHost.Refusal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of one multi-model container: which are in memory, which are on their way, and which
 * goes when there is no room. A model that is there is found without a lock; one that isn't is
 * loaded on a virtual thread of its own, once for all who ask meanwhile, and that goes on when they
 * no longer wait. Of those that nobody uses, the least recently used one goes first; one in use
 * never goes. A failed load leaves nothing behind: the next who asks begins anew.
 *
 * <p>S3 is asked when a model is loaded, not when it is found: an object that was overwritten shows
 * once its model was unloaded. Many threads at a time.
 */
public final class ModelCache implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

  /** What a model costs beside its own: its entry here, its name, its runtime's objects. */
  private static final long OVERHEAD_BYTES = 2048;

  /** How often one who waits for room looks again by itself. */
  private static final long RECHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final ModelCacheConfig config;
  private final ArtifactStore artifacts;
  private final ModelHost host;
  private final String words;
  private final ConcurrentHashMap<String, LoadedModel> models = new ConcurrentHashMap<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final Semaphore downloads;
  private final Semaphore loads;
  private final ModelMetrics metrics = new ModelMetrics();
  private final MemoryEstimate estimate = new MemoryEstimate();

  /** Guards what follows, and every model's way in and out. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Told when memory was freed, or a model is no longer in use. */
  private final Condition freed = lock.newCondition();

  private final Usage usage = new Usage();

  /** Ids that the host has, or may have, and that nobody here asked for. */
  private final Deque<String> strays = new ArrayDeque<>();

  private long usedBytes;
  private long timesFreed;
  private int pending;

  /** How many are on their way out: their memory will be free. */
  private int leaving;

  private boolean isClosed;

  /** How many wait for {@link #freed}; read without the lock when a model falls idle. */
  private final AtomicInteger wanting = new AtomicInteger();

  /** Whether models take more than they may, and none could go when that was seen. */
  private volatile boolean isOverfull;

  /** Held by the one who makes room for an invocation. */
  private final ReentrantLock makingRoom = new ReentrantLock();

  private final AtomicInteger roomsMade = new AtomicInteger();
  private volatile @Nullable String lastError;

  /** Told of a model that was asked for, once; on any thread, must return at once. */
  public interface Waiter {

    /** It is in memory. The waiter has a hold on it now, to be given back. */
    void ready(LoadedModel model);

    /** It is not, and nothing is left of the try. */
    void failed(LoadFailure failure);
  }

  /**
   * Makes an empty one.
   *
   * @param words names the instance in logs
   */
  public ModelCache(
      ModelCacheConfig config, ArtifactStore artifacts, ModelHost host, String words) {
    this.config = config;
    this.artifacts = artifacts;
    this.host = host;
    this.words = words;
    this.downloads = new Semaphore(config.concurrentDownloads(), true);
    this.loads = new Semaphore(Math.max(config.concurrentLoads(), host.concurrentLoads()), true);
    host.onLoss(this::lost);
    fork("models-found", this::findStrays);
  }

  /** A load that came to nothing. */
  private static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient LoadFailure failure;

    Failed(LoadFailure failure) {
      super(failure.message());
      this.failure = failure;
    }
  }

  // asking for models

  /**
   * Returns a model with a hold on it, or null when it isn't in memory. Never waits.
   *
   * @param name TargetModel, {@linkplain ModelPrefix#normalized normalized}
   */
  public @Nullable LoadedModel find(String name) {
    LoadedModel model = models.get(name);
    if (model == null || !model.hold()) {
      return null;
    }
    metrics.hits.increment();
    return model;
  }

  /** Returns how many use a model now, or -1 when it isn't in memory. Never waits. */
  public int inFlight(String name) {
    LoadedModel model = models.get(name);
    return model == null || !model.isAvailable() ? -1 : model.inFlight();
  }

  /** Has a model loaded unless it is there or on its way, and tells {@code waiter}. */
  public void load(String name, Waiter waiter) {
    LoadFailure refusal = null;
    LoadedModel present = null;
    lock.lock();
    try {
      LoadedModel model = models.get(name);
      if (isClosed) {
        refusal = gone();
      } else if (model != null && model.hold()) {
        present = model;
      } else if (model != null) {
        metrics.misses.increment();
        model.await(waiter);
      } else if (pending >= config.maxPending()) {
        refusal =
            new LoadFailure.NotReady(
                "%d models are being loaded already; try again in a moment.".formatted(pending));
      } else {
        metrics.misses.increment();
        begin(name, List.of(waiter));
      }
    } finally {
      lock.unlock();
    }
    if (present != null) {
      metrics.hits.increment();
      waiter.ready(present);
    } else if (refusal != null) {
      waiter.failed(refusal);
    }
  }

  /** Begins to load a model that nobody waits for, if it isn't here and the host is not busy. */
  public void warm(String name) {
    if (models.containsKey(name) || !lock.tryLock()) {
      return;
    }
    try {
      if (!isClosed && !models.containsKey(name) && pending < config.concurrentLoads()) {
        begin(name, List.of());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Asks the container whether it still has a model, and lets go of one that it has lost: the next
   * who asks has it loaded anew.
   *
   * @param told whether it is there, on any thread
   */
  public void check(LoadedModel model, Consumer<Boolean> told) {
    String id = model.id();
    fork(
        "model-check",
        () -> {
          boolean isThere = isThere(id);
          if (!isThere) {
            LOG.warn("{}: the container has lost model {}", words, model.name());
            lost(model);
          }
          told.accept(isThere);
        });
  }

  /**
   * Asks the same of a model whose container has not taken a request, or has broken off its
   * connection. From now on, and until that is known, nobody gets it: who asks for it meanwhile
   * waits, and gets it then, or the one that is loaded in its place.
   *
   * @param told whether it is there, on any thread
   */
  public void doubt(LoadedModel model, Consumer<Boolean> told) {
    boolean isHere;
    boolean isFirst = false;
    lock.lock();
    try {
      isHere = models.get(model.name()) == model;
      isFirst = isHere && model.doubt(told);
    } finally {
      lock.unlock();
    }
    if (!isHere) {
      told.accept(false);
    } else if (isFirst) {
      fork("model-check", () -> judge(model, isThere(model.id())));
    }
  }

  /** Ends a doubt. */
  private void judge(LoadedModel model, boolean isThere) {
    List<Waiter> waiters;
    List<Consumer<Boolean>> doubts;
    boolean isKept;
    boolean isIdle = false;
    lock.lock();
    try {
      doubts = model.takeDoubts();
      isKept = isThere && models.get(model.name()) == model;
      if (!isKept) {
        lose(model);
      }
      waiters = model.takeWaiters(); // of one lost, only where the cache was closed
      if (isKept) {
        isIdle = model.trust(waiters.size());
      }
    } finally {
      lock.unlock();
    }
    if (isKept) {
      waiters.forEach(waiter -> waiter.ready(model));
    } else {
      LOG.warn("{}: the container has lost model {}", words, model.name());
      waiters.forEach(waiter -> waiter.failed(gone()));
    }
    if (isIdle) {
      idle(model);
    }
    doubts.forEach(told -> told.accept(isKept));
  }

  private void lost(String id, String why) {
    lock.lock();
    try {
      usage.all().stream()
          .filter(model -> model.id().equals(id))
          .forEach(model -> {
            lastError = "%s: %s".formatted(model.name(), why);
            lose(model);
          });
    } finally {
      lock.unlock();
    }
  }

  private boolean isThere(String id) {
    try {
      return host.has(id);
    } catch (LoadException _) {
      return true; // nobody knows; the answer that it gave stands
    } catch (RuntimeException e) {
      LOG.warn("{}: nobody knows whether model {} is there", words, id, e);
      return true;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /**
   * Makes room in a container that had too little left to invoke {@code model}, on which the caller
   * has a hold: the least recently used of the others goes. Many who ask at the same time make room
   * once.
   *
   * @param patience for another to be no longer in use
   * @param told whether one has gone, on any thread
   */
  public void makeRoom(LoadedModel model, Duration patience, Consumer<Boolean> told) {
    long deadline = System.nanoTime() + patience.toNanos();
    int before = roomsMade.get();
    boolean isHeld = model.hold(); // so that it is not the one that goes
    fork(
        "model-room",
        () -> {
          boolean isMade = makeRoom(before, deadline);
          if (isHeld) {
            model.release();
          }
          told.accept(isMade);
        });
  }

  private boolean makeRoom(int before, long deadline) {
    makingRoom.lock();
    try {
      if (roomsMade.get() == before && !evictAnother(deadline)) {
        return false;
      }
      roomsMade.incrementAndGet();
      return true;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      makingRoom.unlock();
    }
  }

  /** Evicts one, of several; waits while all are in use. */
  private boolean evictAnother(long deadline) throws InterruptedException {
    while (!unloadStray()) {
      LoadedModel victim;
      lock.lock();
      try {
        victim = takeVictim();
        if (victim == null && usage.size() <= 1) {
          return false;
        }
        if (victim == null) {
          awaitFreed(deadline);
        }
      } catch (Failed _) {
        return false; // its time is up
      } finally {
        lock.unlock();
      }
      if (victim != null) {
        LOG.debug("{}: evicting model {} for an invocation", words, victim.name());
        leave(victim);
        return true;
      }
    }
    return true;
  }

  /** Notes how long an invocation waited for its model, whether or not it came. */
  public void waited(long nanos) {
    metrics.loadingWait.add(nanos);
  }

  /** Returns what is here now. */
  public ModelCacheView view() {
    Collection<LoadedModel> all;
    long used;
    int loading;
    lock.lock();
    try {
      all = usage.all();
      used = usedBytes;
      loading = pending;
    } finally {
      lock.unlock();
    }
    long now = System.nanoTime();
    List<ModelCacheView.ModelView> shown =
        all.stream()
            .sorted(Comparator.comparingLong((LoadedModel model) -> now - model.lastUsedNanos()))
            .limit(ModelCacheView.MAX_MODELS)
            .map(model ->
                ModelCacheView.ModelView.of(
                    model,
                    host.measuredBytes(model.id()),
                    TimeUnit.NANOSECONDS.toSeconds(now - model.lastUsedNanos())))
            .toList();
    return new ModelCacheView(
        config.prefix().uri().toString(),
        config.isCached() ? "Enabled" : "Disabled",
        host.memoryBytes() == Long.MAX_VALUE ? null : host.memoryBytes(),
        host.memoryBytes() == Long.MAX_VALUE ? null : used,
        all.size(),
        loading,
        metrics.hits.sum(),
        metrics.misses.sum(),
        metrics.loads.sum(),
        metrics.unloads.sum(),
        metrics.failures.sum(),
        lastError,
        metrics.statistics(),
        shown);
  }

  /** Lets go of everything, without asking the host, whose instance is no more. */
  @Override
  public void close() {
    Collection<LoadedModel> loaded;
    lock.lock();
    try {
      isClosed = true;
      loaded = usage.all();
      loaded.forEach(model -> {
        usage.remove(model);
        models.remove(model.name(), model);
      });
      signalFreed();
    } finally {
      lock.unlock();
    }
    threads.forEach(Thread::interrupt);
    loaded.forEach(model -> model.content().artifact().close());
  }

  // a model's way in

  /** Under the lock. */
  private void begin(String name, List<Waiter> waiters) {
    var model = new LoadedModel(this, name);
    waiters.forEach(model::await);
    models.put(name, model);
    pending++;
    fork("model-load", () -> bring(model));
  }

  private void bring(LoadedModel model) {
    long deadline = System.nanoTime() + config.loadTimeout().toNanos();
    LoadedModel.Content content;
    try {
      content = load(model.name(), deadline);
    } catch (Failed e) {
      failed(model, e.failure);
      return;
    } catch (InterruptedException _) {
      failed(model, gone());
      return;
    } catch (RuntimeException e) {
      LOG.error("{}: model {} can't be loaded", words, model.name(), e);
      failed(model, new LoadFailure.Rejected(500, "Internal Server Error: " + e));
      return;
    }
    arrived(model, content);
  }

  private LoadedModel.Content load(String name, long deadline) throws Failed, InterruptedException {
    S3Uri archive = archive(name);
    StagedArtifact artifact = stage(archive, deadline);
    boolean isTaken = false;
    long reserved = 0;
    try {
      long expected = estimate.of(artifact.bytes());
      long room = Math.min(expected + OVERHEAD_BYTES, host.memoryBytes());
      reserve(room, deadline);
      reserved = room;
      ModelHost.Loaded loaded = load(artifact, expected, deadline);
      long needed = needed(loaded);
      if (loaded.memoryBytes() > 0) { // else only the container knows
        estimate.learn(artifact.bytes(), loaded.memoryBytes());
      }
      if (needed > host.memoryBytes()) {
        unload(artifact.id());
        throw new Failed(tooLarge(name, needed));
      }
      settle(needed - reserved);
      reserved = 0;
      isTaken = true;
      return new LoadedModel.Content(artifact, loaded);
    } finally {
      if (!isTaken) {
        settle(-reserved);
        artifact.close();
      }
    }
  }

  private static long needed(ModelHost.Loaded loaded) {
    return loaded.memoryBytes() + OVERHEAD_BYTES;
  }

  private LoadFailure tooLarge(String name, long needed) {
    return new LoadFailure.Rejected(
        507,
        "Model %s needs %,d bytes of memory, the instance has %,d for all of its models: use a larger instance type, or a smaller model."
            .formatted(name, needed, host.memoryBytes()));
  }

  private S3Uri archive(String name) throws Failed {
    try {
      return config.prefix().archive(name);
    } catch (IllegalArgumentException e) {
      throw new Failed(
          new LoadFailure.BadName(
              "TargetModel '%s' can't be used: %s.".formatted(name, e.getMessage())));
    }
  }

  private StagedArtifact stage(S3Uri archive, long deadline) throws Failed, InterruptedException {
    acquire(downloads, deadline, "its download to begin");
    long begun = System.nanoTime();
    try {
      while (true) {
        try {
          return artifacts.stage(
              new ModelSource.Archive(archive), left(deadline, "its download"), (_, _) -> {});
        } catch (StagingException e) {
          // The disk may be full of models that are in memory, and whose files must stay.
          if (e.kind() != ArtifactStore.Kind.TOO_LARGE || !evictOne(deadline)) {
            throw new Failed(failure(archive, e));
          }
        }
      }
    } finally {
      downloads.release();
      metrics.downloading.add(System.nanoTime() - begun);
    }
  }

  private LoadFailure failure(S3Uri archive, StagingException e) {
    String message = String.valueOf(e.getMessage());
    return switch (e.kind()) {
      case DOWNLOAD -> new LoadFailure.Download(archive, message);
      case EXTRACT -> new LoadFailure.Extract(archive, message);
      case TOO_LARGE -> new LoadFailure.Rejected(507, message);
      case TIMEOUT -> new LoadFailure.NotReady(message);
    };
  }

  private ModelHost.Loaded load(StagedArtifact artifact, long expectedBytes, long deadline)
      throws Failed, InterruptedException {
    acquire(loads, deadline, "its turn to be loaded");
    long begun = System.nanoTime();
    try {
      forgetStray(artifact.id());
      while (true) {
        try {
          return host.load(
              artifact.id(), artifact.directory(), expectedBytes, left(deadline, "its load"));
        } catch (LoadException e) {
          if (e.refusal() instanceof Refusal.TimedOut) {
            addStrays(Set.of(artifact.id())); // it may come to be loaded yet
          }
          if (!(e.refusal() instanceof Refusal.NoRoom) || !evictOne(deadline)) {
            throw new Failed(failure(e.refusal()));
          }
        }
      }
    } finally {
      loads.release();
      metrics.loading.add(System.nanoTime() - begun);
    }
  }

  private static LoadFailure failure(Refusal refusal) {
    return switch (refusal) {
      case Refusal.NoRoom(String message) -> new LoadFailure.Rejected(507, message);
      case Refusal.Rejected(int status, String message) ->
          new LoadFailure.Rejected(status, message);
      case Refusal.Gone(String message) -> new LoadFailure.InstanceGone(message);
      case Refusal.TimedOut(String message) -> new LoadFailure.NotReady(message);
    };
  }

  private void arrived(LoadedModel model, LoadedModel.Content content) {
    List<Waiter> waiters;
    boolean isLate;
    lock.lock();
    try {
      pending--;
      waiters = model.takeWaiters();
      isLate = isClosed;
      if (isLate) {
        models.remove(model.name(), model);
      } else {
        model.arrived(content, waiters.size());
        usage.add(model);
        signalFreed(); // it may be a victim as well
      }
    } finally {
      lock.unlock();
    }
    if (isLate) {
      content.artifact().close();
      waiters.forEach(waiter -> waiter.failed(gone()));
      return;
    }
    metrics.loads.increment();
    waiters.forEach(waiter -> waiter.ready(model));
    if (waiters.isEmpty()) {
      idle(model);
    }
    trim();
  }

  private void failed(LoadedModel model, LoadFailure failure) {
    List<Waiter> waiters;
    lock.lock();
    try {
      pending--;
      models.remove(model.name(), model);
      waiters = model.takeWaiters();
      signalFreed();
    } finally {
      lock.unlock();
    }
    metrics.failures.increment();
    lastError = "%s: %s".formatted(model.name(), failure.message());
    LOG.info("{}: model {} was not loaded: {}", words, model.name(), failure.message());
    waiters.forEach(waiter -> waiter.failed(failure));
  }

  // a model's way out

  /** Called when the last who used a model gave it back. */
  void idle(LoadedModel model) {
    if (!config.isCached()) {
      fork("model-unload", () -> unloadUnused(model));
    } else if (wanting.get() > 0) {
      lock.lock();
      try {
        signalFreed();
      } finally {
        lock.unlock();
      }
    } else if (isOverfull) {
      fork("model-trim", this::trim); // an unload takes its time, and the caller has none
    }
  }

  private void unloadUnused(LoadedModel model) {
    lock.lock();
    try {
      if (isClosed || models.get(model.name()) != model || !model.leave()) {
        return; // somebody uses it again, and comes by here in turn
      }
      usage.remove(model);
      leaving++;
    } finally {
      lock.unlock();
    }
    leave(model);
  }

  /** Unloads a model that nobody can find any more; goes on where somebody asked meanwhile. */
  private void leave(LoadedModel model) {
    LoadedModel.Content content = model.content();
    unload(content.id());
    letGo(content.artifact());
    metrics.unloads.increment();
    lock.lock();
    try {
      leaving--;
      models.remove(model.name(), model);
      usedBytes -= needed(content.loaded());
      List<Waiter> waiters = model.takeWaiters();
      if (!waiters.isEmpty()) {
        begin(model.name(), waiters);
      }
      signalFreed();
    } finally {
      lock.unlock();
    }
  }

  private void letGo(StagedArtifact artifact) {
    try {
      if (config.isCached()) {
        artifact.close();
      } else {
        artifact.discard();
      }
    } catch (RuntimeException e) {
      LOG.warn("{}: the files of model {} were not let go of", words, artifact.id(), e);
    }
  }

  /** Unloads; what can't be is tried again when room is needed. */
  private boolean unload(String id) {
    long begun = System.nanoTime();
    try {
      host.unload(id);
      return true;
    } catch (LoadException | RuntimeException e) {
      LOG.warn("{}: model {} was not unloaded: {}", words, id, e.toString());
      lastError = "unloading %s: %s".formatted(id, e.getMessage());
      addStrays(Set.of(id));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      metrics.unloading.add(System.nanoTime() - begun);
    }
    return false;
  }

  private void lost(LoadedModel model) {
    lock.lock();
    try {
      lose(model);
    } finally {
      lock.unlock();
    }
  }

  /** Under the lock. Who waits for it gets the one that is loaded in its place. */
  private void lose(LoadedModel model) {
    if (models.remove(model.name(), model)) {
      usage.remove(model);
      usedBytes -= needed(model.content().loaded());
      model.detach();
      List<Waiter> waiters = model.takeWaiters();
      if (!waiters.isEmpty()) {
        begin(model.name(), waiters);
      }
      signalFreed();
    }
  }

  // room

  /** Takes memory for a model that is about to be loaded, as soon as there is some. */
  private void reserve(long bytes, long deadline) throws Failed, InterruptedException {
    while (true) {
      lock.lock();
      try {
        if (usedBytes + bytes <= host.memoryBytes()) {
          usedBytes += bytes;
          return;
        }
      } finally {
        lock.unlock();
      }
      if (!evictOne(deadline)) {
        throw new Failed(
            new LoadFailure.Rejected(
                507,
                "no room for %,d bytes of model in the instance's %,d: %,d are in use."
                    .formatted(bytes, host.memoryBytes(), usedBytes())));
      }
    }
  }

  private long usedBytes() {
    lock.lock();
    try {
      return usedBytes;
    } finally {
      lock.unlock();
    }
  }

  private void settle(long bytes) {
    lock.lock();
    try {
      usedBytes += bytes;
      if (bytes < 0) {
        signalFreed();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Evicts until the budget holds again: models may take more than was reserved for them. */
  private void trim() {
    while (true) {
      LoadedModel victim;
      lock.lock();
      try {
        // Told before it is looked for: who falls idle meanwhile comes by here.
        isOverfull = !isClosed && usedBytes > host.memoryBytes();
        victim = isOverfull ? takeVictim() : null;
      } finally {
        lock.unlock();
      }
      if (victim == null) {
        return;
      }
      leave(victim);
    }
  }

  /**
   * Makes room by one model, waiting for one that is in use or on its way if need be.
   *
   * @return false when there is nothing that could go
   */
  private boolean evictOne(long deadline) throws InterruptedException, Failed {
    if (unloadStray()) {
      return true;
    }
    LoadedModel victim;
    lock.lock();
    try {
      victim = takeVictim();
      if (victim == null) {
        if (usage.size() == 0 && leaving == 0 && wanting.get() + 1 >= pending) {
          return false;
        }
        awaitFreed(deadline);
        return true;
      }
    } finally {
      lock.unlock();
    }
    LOG.debug("{}: evicting model {}", words, victim.name());
    leave(victim);
    return true;
  }

  /** Unloads one that nobody asked for; one that won't go stays for the next time. */
  private boolean unloadStray() {
    String stray;
    lock.lock();
    try {
      stray = strays.poll();
    } finally {
      lock.unlock();
    }
    return stray != null && unload(stray);
  }

  /** Under the lock. */
  private @Nullable LoadedModel takeVictim() {
    LoadedModel victim = usage.takeVictim();
    if (victim != null) {
      leaving++;
    }
    return victim;
  }

  private void awaitFreed(long deadline) throws InterruptedException, Failed {
    long nanos = Math.min(left(deadline, "room").toNanos(), RECHECK_NANOS);
    long before = timesFreed;
    wanting.incrementAndGet();
    try {
      // One may have fallen idle before it could see that it is waited for: so not for ever.
      while (timesFreed == before && nanos > 0) {
        nanos = freed.awaitNanos(nanos);
      }
    } finally {
      wanting.decrementAndGet();
    }
  }

  /** Under the lock. */
  private void signalFreed() {
    timesFreed++;
    freed.signalAll();
  }

  private void findStrays() {
    try {
      addStrays(host.loaded());
    } catch (LoadException e) {
      LOG.debug("{}: doesn't tell its models: {}", words, e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void addStrays(Set<String> ids) {
    lock.lock();
    try {
      var known = new HashSet<String>();
      usage.all().forEach(model -> known.add(model.id()));
      ids.stream().filter(id -> !known.contains(id)).forEach(strays::add);
    } finally {
      lock.unlock();
    }
  }

  private void forgetStray(String id) {
    lock.lock();
    try {
      strays.remove(id);
    } finally {
      lock.unlock();
    }
  }

  // time and threads

  private void acquire(Semaphore permits, long deadline, String what)
      throws Failed, InterruptedException {
    if (!permits.tryAcquire(left(deadline, what).toNanos(), TimeUnit.NANOSECONDS)) {
      throw overdue(what);
    }
  }

  private Duration left(long deadline, String what) throws Failed {
    long nanos = deadline - System.nanoTime();
    if (nanos <= 0) {
      throw overdue(what);
    }
    return Duration.ofNanos(nanos);
  }

  private Failed overdue(String what) {
    return new Failed(
        new LoadFailure.NotReady(
            "it waited for %s when the %d seconds for a load were over."
                .formatted(what, config.loadTimeout().toSeconds())));
  }

  private static LoadFailure gone() {
    return new LoadFailure.InstanceGone("its instance is no longer in service");
  }

  private void fork(String name, Runnable work) {
    var thread =
        Thread.ofVirtual()
            .name(name)
            .unstarted(() -> {
              try {
                work.run();
              } finally {
                threads.remove(Thread.currentThread());
              }
            });
    threads.add(thread);
    thread.start();
  }
}
