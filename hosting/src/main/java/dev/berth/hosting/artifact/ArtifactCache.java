package dev.berth.hosting.artifact;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Staged artifacts in a folder, one directory for each content.
 *
 * <p>On disk: {@code ready/<id>/model} is an artifact and {@code ready/<id>/manifest} says what it
 * is and, by its time, when it was last used; {@code staging/…} is under way. An artifact gets its
 * place in {@code ready} by one rename after all of it is on disk, so what is there is whole; what
 * a crash leaves in {@code staging} goes at the next start. One process at a time.
 *
 * <p>In memory: {@link #lock} guards the index of artifacts with their pins, the stagings under way
 * with their waiters, and the space both take. It is never held while something is downloaded,
 * written or deleted.
 */
public final class ArtifactCache implements ArtifactStore, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ArtifactCache.class);
  private static final Duration WIND_DOWN = Duration.ofSeconds(10);

  private final ArtifactCacheConfig config;
  private final ObjectSource objects;
  private final InstantSource clock;
  private final Path ready;
  private final Path stagingRoot;

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Artifact> artifacts = new HashMap<>();
  private final Map<String, Staging> stagings = new HashMap<>();
  private long usedBytes;

  /** Whether stagings end because the cache does. */
  private volatile boolean closed;

  /** Removes a crash's leftovers; stagings wait for it, as it frees the space they may need. */
  private final Thread cleaner;

  /**
   * Opens the cache and finds what is staged already.
   *
   * @param clock tells when artifacts are used
   * @throws UncheckedIOException when the folder can't be used
   */
  public ArtifactCache(ArtifactCacheConfig config, ObjectSource objects, InstantSource clock) {
    this.config = config;
    this.objects = objects;
    this.clock = clock;
    this.ready = config.directory().resolve("ready").toAbsolutePath();
    this.stagingRoot = config.directory().resolve("staging").toAbsolutePath();
    try {
      Files.createDirectories(ready);
      Files.createDirectories(stagingRoot);
      index();
      List<Path> leftovers = children(stagingRoot);
      this.cleaner =
          Thread.ofVirtual()
              .name("artifact-cleaner")
              .start(() -> leftovers.forEach(ArtifactCache::remove));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open the artifact cache in " + config.directory(), e);
    }
  }

  @Override
  public StagedArtifact stage(ModelSource source, Duration timeout, Progress progress)
      throws StagingException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    ModelContent content = identify(source, deadline, timeout);
    Optional<Artifact> staged = pinned(content.id());
    if (staged.isPresent()) {
      progress.advanced(content.sizeBytes(), content.sizeBytes());
      return new Pin(staged.get());
    }
    return new Pin(await(joined(content, progress), deadline, timeout, progress));
  }

  @Override
  public Optional<StagedArtifact> adopt(Path directory) {
    Path home = directory.toAbsolutePath().getParent();
    if (home == null || !ready.equals(home.getParent())) {
      return Optional.empty();
    }
    return pinned(requireNonNull(home.getFileName()).toString()).map(Pin::new);
  }

  /** Ends all stagings under way; what is staged stays for the next start. */
  @Override
  public void close() {
    closed = true;
    List<Staging> open;
    lock.lock();
    try {
      open = List.copyOf(stagings.values());
    } finally {
      lock.unlock();
    }
    open.forEach(staging -> staging.worker.interrupt());
    open.forEach(staging -> windDown(staging.worker));
  }

  // what is there

  private void index() throws IOException {
    for (Path home : children(ready)) {
      Optional<Artifact> artifact = Artifact.read(home);
      if (artifact.isPresent()) {
        artifacts.put(artifact.get().id(), artifact.get());
        usedBytes += artifact.get().bytes;
      } else {
        LOG.warn("removing {}, which is not a whole artifact", home);
        Files.move(home, stagingRoot.resolve(freshName("broken")), StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  /** Returns the artifact with one pin more, where it is staged. */
  private Optional<Artifact> pinned(String id) {
    lock.lock();
    try {
      Artifact artifact = artifacts.get(id);
      if (artifact == null) {
        return Optional.empty();
      }
      if (!Files.isDirectory(artifact.model())) {
        // someone removed it by hand; it will be staged anew
        artifacts.remove(id);
        usedBytes -= artifact.bytes;
        return Optional.empty();
      }
      artifact.pins++;
      artifact.used(clock.instant());
      return Optional.of(artifact);
    } finally {
      lock.unlock();
    }
  }

  private void unpin(Artifact artifact) {
    lock.lock();
    try {
      artifact.pins--;
      artifact.used(clock.instant());
    } finally {
      lock.unlock();
    }
  }

  /** Removes an artifact that nobody uses. */
  private void drop(Artifact artifact) {
    Path evicted;
    lock.lock();
    try {
      if (artifact.pins > 0 || artifacts.get(artifact.id()) != artifact) {
        return;
      }
      evicted = evict(artifact);
    } catch (StagingException e) {
      LOG.warn("{} stays on the disk: {}", artifact.source, e.getMessage());
      return;
    } finally {
      lock.unlock();
    }
    remove(evicted);
  }

  // what the source holds

  private ModelContent identify(ModelSource source, long deadline, Duration timeout)
      throws StagingException, InterruptedException {
    return switch (source) {
      case ModelSource.Archive(S3Uri uri) -> one(source, uri, deadline, timeout);
      case ModelSource.SingleObject(S3Uri uri) -> one(source, uri, deadline, timeout);
      case ModelSource.Prefix(S3Uri uri) -> {
        var found = asking(uri, () -> objects.list(uri), deadline, timeout);
        if (found.isEmpty()) {
          throw new StagingException(
              Kind.DOWNLOAD,
              "there is no object below %s. Upload the model's files there, or correct the prefix."
                  .formatted(uri));
        }
        yield new ModelContent(source, found);
      }
    };
  }

  private ModelContent one(ModelSource source, S3Uri uri, long deadline, Duration timeout)
      throws StagingException, InterruptedException {
    return new ModelContent(
        source, List.of(asking(uri, () -> objects.head(uri), deadline, timeout)));
  }

  /** Calls S3 on a thread that can be left behind when the time is up. */
  private static <T> T asking(S3Uri uri, Callable<T> call, long deadline, Duration timeout)
      throws StagingException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofVirtual().name("artifact-head").start(task);
    try {
      return task.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      Throwable cause = requireNonNull(e.getCause());
      String message =
          cause instanceof IOException
              ? String.valueOf(cause.getMessage())
              : "%s can't be read: %s".formatted(uri, cause);
      var failure = new StagingException(Kind.DOWNLOAD, message);
      failure.initCause(cause);
      throw failure;
    } catch (TimeoutException e) {
      throw new StagingException(
          Kind.TIMEOUT, "S3 did not answer for %s within %s".formatted(uri, timeout));
    } finally {
      task.cancel(true);
    }
  }

  // staging, shared by its waiters

  private Staging joined(ModelContent content, Progress progress) {
    lock.lock();
    try {
      Staging staging = stagings.computeIfAbsent(content.id(), _ -> new Staging(content));
      staging.waiters++;
      staging.listeners.add(progress);
      if (staging.waiters == 1) { // only a new one has no other: it ends with its last
        staging.worker.start();
      }
      return staging;
    } finally {
      lock.unlock();
    }
  }

  private Artifact await(Staging staging, long deadline, Duration timeout, Progress progress)
      throws StagingException, InterruptedException {
    boolean abandoned = false;
    lock.lock();
    try {
      while (staging.outcome == null) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          abandoned = leave(staging);
          throw new StagingException(
              Kind.TIMEOUT,
              "staging took longer than %s: %,d of %,d bytes had come. Raise"
                      .formatted(timeout, staging.doneBytes(), staging.content.sizeBytes())
                  + " ModelDataDownloadTimeoutInSeconds, or make the artifact smaller.");
        }
        long _ = staging.ended.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      if (staging.outcome == null) {
        abandoned = leave(staging);
      } else if (staging.outcome instanceof Outcome.Staged(Artifact artifact)) {
        artifact.pins--; // the one that was kept for this waiter
      }
      throw e;
    } finally {
      staging.listeners.remove(progress);
      lock.unlock();
      if (abandoned) {
        windDown(staging.worker);
      }
    }
    return switch (requireNonNull(staging.outcome)) {
      case Outcome.Staged(Artifact artifact) -> artifact;
      case Outcome.Failed(StagingException failure) -> throw copyOf(failure);
    };
  }

  /** Takes a waiter off; returns whether it was the last, whereupon the staging is being ended. */
  private boolean leave(Staging staging) {
    staging.waiters--;
    if (staging.waiters > 0) {
      return false;
    }
    // out of the map at once: whoever comes now starts anew instead of joining what is ending
    stagings.remove(staging.content.id(), staging);
    staging.worker.interrupt();
    return true;
  }

  /** Waits until a cancelled staging has cleaned up behind it, for a moment. */
  private static void windDown(Thread worker) {
    try {
      if (!worker.join(WIND_DOWN)) {
        LOG.warn("{} does not end; it is left behind", worker.getName());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Each waiter throws its own, with its own stack trace. */
  private static StagingException copyOf(StagingException failure) {
    var copy = new StagingException(failure.kind(), String.valueOf(failure.getMessage()));
    copy.initCause(failure);
    return copy;
  }

  /** Gives a whole artifact its place, unless a staging that was given up has just done so. */
  private Artifact publish(Path work, Artifact artifact) throws IOException {
    lock.lock();
    try {
      Artifact same = artifacts.get(artifact.id());
      if (same != null) {
        same.pins++;
        return same;
      }
      if (Files.exists(artifact.home)) { // what is left of one that was removed by hand
        Files.move(
            artifact.home,
            stagingRoot.resolve(freshName("broken")),
            StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(work, artifact.home, StandardCopyOption.ATOMIC_MOVE);
      Trees.force(ready);
      artifacts.put(artifact.id(), artifact);
      usedBytes += artifact.bytes;
      return artifact;
    } finally {
      lock.unlock();
    }
  }

  private void settle(Staging staging, Outcome outcome) {
    lock.lock();
    try {
      if (outcome instanceof Outcome.Staged(Artifact artifact)) {
        artifact.pins += staging.waiters - 1; // one for each; the staging's own goes
      }
      usedBytes -= staging.claimedBytes;
      staging.outcome = outcome;
      stagings.remove(staging.content.id(), staging);
      staging.ended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // space

  /**
   * Counts {@code bytes} for a staging, evicting what nobody uses until they fit.
   *
   * @throws StagingException when they don't fit
   */
  private void claim(Staging staging, long bytes) throws StagingException {
    while (true) {
      Path evicted;
      lock.lock();
      try {
        Optional<String> obstacle = obstacle(bytes);
        if (obstacle.isEmpty()) {
          usedBytes += bytes;
          staging.claimedBytes += bytes;
          return;
        }
        Optional<Artifact> victim =
            artifacts.values().stream()
                .filter(artifact -> artifact.pins == 0)
                .min(Comparator.comparing(artifact -> artifact.lastUsed));
        if (victim.isEmpty()) {
          throw new StagingException(Kind.TOO_LARGE, obstacle.get());
        }
        evicted = evict(victim.get());
      } finally {
        lock.unlock();
      }
      remove(evicted);
    }
  }

  /** Returns why {@code bytes} more can't be had now, if they can't. */
  private Optional<String> obstacle(long bytes) {
    if (bytes > config.budgetBytes() - usedBytes) {
      return Optional.of(
          ("%,d bytes more don't fit the artifact budget of %,d bytes: %,d are in use. Raise the"
                  + " budget, or delete endpoints.")
              .formatted(bytes, config.budgetBytes(), usedBytes));
    }
    long freeBytes = freeBytes();
    if (bytes > freeBytes - config.minFreeBytes()) {
      return Optional.of(
          ("%,d bytes more don't fit the disk of %s: %,d bytes are free and %,d must stay so. Free"
                  + " some space.")
              .formatted(bytes, ready, freeBytes, config.minFreeBytes()));
    }
    return Optional.empty();
  }

  private long freeBytes() {
    try {
      return Files.getFileStore(ready).getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot ask for the free space of " + ready, e);
    }
  }

  /** Takes an artifact out of the index and of {@code ready}; returns what is to be deleted. */
  private Path evict(Artifact artifact) throws StagingException {
    artifacts.remove(artifact.id());
    usedBytes -= artifact.bytes;
    LOG.info(
        "evicting {}, {} bytes, last used {}", artifact.source, artifact.bytes, artifact.lastUsed);
    Path aside = stagingRoot.resolve(freshName("evicted"));
    try {
      return Files.move(artifact.home, aside, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StagingException(
          Kind.TOO_LARGE, "cannot make room by evicting %s: %s".formatted(artifact.home, e));
    }
  }

  // files

  private static List<Path> children(Path directory) throws IOException {
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
      return StreamSupport.stream(stream.spliterator(), false).toList();
    }
  }

  private static String freshName(String what) {
    return what + "-" + UUID.randomUUID();
  }

  private static void remove(Path tree) {
    try {
      Trees.delete(tree);
    } catch (IOException e) {
      LOG.warn("cannot remove {}; the next start tries again", tree, e);
    }
  }

  /** How a staging ended. */
  private sealed interface Outcome {
    record Staged(Artifact artifact) implements Outcome {}

    record Failed(StagingException failure) implements Outcome {}
  }

  /** One content on its way in, with its own thread; {@link #lock} guards what isn't final. */
  private final class Staging {
    final ModelContent content;
    final Condition ended = lock.newCondition();
    final List<Progress> listeners = new CopyOnWriteArrayList<>();
    final AtomicLong done = new AtomicLong();
    final Thread worker;
    int waiters;
    long claimedBytes;
    @Nullable Outcome outcome;

    Staging(ModelContent content) {
      this.content = content;
      this.worker = Thread.ofVirtual().name("artifact-" + content.id()).unstarted(this::run);
    }

    long doneBytes() {
      return done.get();
    }

    private void run() {
      Path work = stagingRoot.resolve(freshName(content.id()));
      Outcome outcome;
      try {
        outcome = new Outcome.Staged(fill(work));
      } catch (StagingException e) {
        outcome = new Outcome.Failed(e);
      } catch (InterruptedException e) {
        outcome = new Outcome.Failed(new StagingException(Kind.DOWNLOAD, "staging was cancelled"));
      } catch (IOException | RuntimeException e) {
        boolean isFull = e instanceof IOException io && StagedTree.isFull(io);
        var failure =
            new StagingException(
                isFull ? Kind.TOO_LARGE : Kind.DOWNLOAD,
                "%s can't be staged: %s".formatted(content.source().uri(), e));
        failure.initCause(e);
        outcome = new Outcome.Failed(failure);
      }
      if (closed && outcome instanceof Outcome.Failed) {
        outcome =
            new Outcome.Failed(
                new StagingException(Kind.DOWNLOAD, "staging was cancelled: Berth is stopping"));
      }
      boolean _ = Thread.interrupted(); // the cleaning must not be cut short
      remove(work);
      settle(this, outcome);
    }

    private Artifact fill(Path work) throws StagingException, IOException, InterruptedException {
      cleaner.join();
      if (content.sizeBytes() > config.budgetBytes()) {
        throw new StagingException(
            Kind.TOO_LARGE,
            "its %,d bytes in S3 exceed the whole artifact budget of %,d bytes. Raise the budget."
                .formatted(content.sizeBytes(), config.budgetBytes()));
      }
      Path model = work.resolve(Artifact.MODEL);
      Files.createDirectories(model);
      StagedTree tree =
          new StagedTree(
              model,
              bytes -> claim(this, bytes),
              config.maxEntries(),
              ArtifactDownload.faultKind(content.source()));
      new ArtifactDownload(objects, tree, this::advanced).run(content);
      tree.seal();
      Instant now = clock.instant();
      String source = content.source().uri().toString();
      Artifact.writeManifest(work, source, claimedBytes, now);
      Trees.force(work);
      if (Thread.interrupted()) {
        throw new InterruptedException(); // nobody waits any more
      }
      Artifact artifact = new Artifact(ready.resolve(content.id()), source, claimedBytes, now);
      artifact.pins = 1; // this staging's own, until its waiters' are counted
      return publish(work, artifact);
    }

    private void advanced(long bytes) {
      long doneBytes = done.addAndGet(bytes);
      listeners.forEach(listener -> listener.advanced(doneBytes, content.sizeBytes()));
    }
  }

  /** A staged artifact; the cache's lock guards what isn't final. */
  private static final class Artifact {
    static final String MODEL = "model";
    private static final String MANIFEST = "manifest";

    final Path home;
    final String source;
    final long bytes;
    Instant lastUsed;
    int pins;

    Artifact(Path home, String source, long bytes, Instant lastUsed) {
      this.home = home;
      this.source = source;
      this.bytes = bytes;
      this.lastUsed = lastUsed;
    }

    /** Returns the artifact in {@code home}, unless there is no whole one. */
    static Optional<Artifact> read(Path home) throws IOException {
      Path manifest = home.resolve(MANIFEST);
      if (!Files.isDirectory(home.resolve(MODEL)) || !Files.isRegularFile(manifest)) {
        return Optional.empty();
      }
      List<String> lines = Files.readAllLines(manifest);
      if (lines.size() != 2 || !lines.getLast().matches("\\d{1,18}")) {
        return Optional.empty();
      }
      return Optional.of(
          new Artifact(
              home,
              lines.getFirst(),
              Long.parseLong(lines.getLast()),
              Files.getLastModifiedTime(manifest).toInstant()));
    }

    static void writeManifest(Path home, String source, long bytes, Instant now)
        throws IOException {
      Path manifest = home.resolve(MANIFEST);
      Files.write(manifest, List.of(source.replaceAll("\\R", " "), Long.toString(bytes)));
      Files.setLastModifiedTime(manifest, FileTime.from(now));
      Trees.force(manifest);
    }

    String id() {
      return requireNonNull(home.getFileName()).toString();
    }

    Path model() {
      return home.resolve(MODEL);
    }

    void used(Instant now) {
      lastUsed = now;
      try {
        Files.setLastModifiedTime(home.resolve(MANIFEST), FileTime.from(now));
      } catch (IOException e) {
        LOG.debug("the next start won't know when {} was last used", home, e);
      }
    }
  }

  /** An artifact in use. */
  private final class Pin implements StagedArtifact {
    private final Artifact artifact;
    private final AtomicBoolean closed = new AtomicBoolean();

    Pin(Artifact artifact) {
      this.artifact = artifact;
    }

    @Override
    public String id() {
      return artifact.id();
    }

    @Override
    public Path directory() {
      return artifact.model();
    }

    @Override
    public long bytes() {
      return artifact.bytes;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        unpin(artifact);
      }
    }

    @Override
    public void discard() {
      if (closed.compareAndSet(false, true)) {
        unpin(artifact);
        drop(artifact);
      }
    }
  }
}
