package dev.berth.transform.job;

import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.instance.InstancePreparation;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.store.ListQuery;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import dev.berth.transform.body.Scratch;
import dev.berth.transform.input.InputObject;
import dev.berth.transform.invoke.Invoker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs transform jobs, each on a virtual thread, and takes them up again after a restart: what a
 * job has finished stays finished, instances of an earlier process are stopped, and new ones go on
 * with the object that was next. Many threads at a time.
 */
public final class TransformJobs implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TransformJobs.class);

  /** Jobs at work at a time; the others wait, InProgress. */
  private static final int MOST_RUNNING = 16;

  private static final int PAGE = 100;
  private static final int MOST_SHOWN = 1000;
  private static final int LOG_LINES = 50;
  private static final long LOG_BYTES = 64 << 10;

  /** Heap for requests and answers: a part of it, within bounds that serve a phone and a server. */
  private static final int HEAP_SHARE = 4;

  private static final long LEAST_SCRATCH_BYTES = 16L << 20;
  private static final long MOST_SCRATCH_BYTES = 512L << 20;

  private final Store store;
  private final ContainerRuntime runtime;
  private final Path directory;
  private final String region;
  private final JobRun.Tools tools;
  private final Map<String, Active> active = new ConcurrentHashMap<>();
  private final Semaphore permits = new Semaphore(MOST_RUNNING, true);
  private volatile boolean isClosed;

  /** A job that has not ended. */
  private static final class Active {
    private volatile @Nullable JobRun run;
    private volatile @Nullable Thread thread;
    private volatile boolean isStopping;

    /** Guarded by this. */
    private boolean isEnding;

    synchronized void stop() {
      isStopping = true;
      interrupt();
    }

    /** Breaks off the work; returns the thread, null when it has not begun. */
    synchronized @Nullable Thread interrupt() {
      Thread running = thread;
      if (running != null && !isEnding) {
        running.interrupt();
      }
      return running;
    }

    /** From now on the job's thread isn't interrupted: how the job ended is to be written. */
    synchronized void ending() {
      isEnding = true;
      boolean _ = Thread.interrupted(); // it came when the work was over
    }
  }

  /**
   * Makes the runner; {@link #start} takes up what is stored.
   *
   * @param directory folder of the jobs' journals
   */
  public TransformJobs(
      Store store,
      ContainerRuntime runtime,
      ArtifactStore artifacts,
      ObjectSource source,
      ObjectSink sink,
      Path directory,
      String region,
      InstantSource clock) {
    this.store = store;
    this.runtime = runtime;
    this.directory = directory;
    this.region = region;
    var scratch =
        new Scratch(
            directory.resolve("scratch"),
            Math.clamp(
                Runtime.getRuntime().maxMemory() / HEAP_SHARE,
                LEAST_SCRATCH_BYTES,
                MOST_SCRATCH_BYTES));
    this.tools =
        new JobRun.Tools(
            runtime,
            new InstancePreparation(runtime, artifacts),
            source,
            sink,
            new Invoker(scratch),
            scratch,
            clock);
  }

  /** Takes up every job that has not ended, and stops the instances of an earlier process. */
  public void start() {
    runtime.onChange(this::changed);
    for (ObservedInstance instance : runtime.instances()) {
      if (isOfJob(instance.id())) {
        LOG.info("stopping {}: its job goes on with new instances", instance.id());
        runtime.stop(instance.id());
      }
    }
    unfinished(TransformJobStatus.STOPPING).forEach(this::begin);
    unfinished(TransformJobStatus.IN_PROGRESS).forEach(this::begin);
  }

  private List<Resource> unfinished(TransformJobStatus status) {
    var jobs = new ArrayList<Resource>();
    ListQuery query =
        new ListQuery(
            Kind.TRANSFORM_JOB.arnType(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(status.wire()),
            ListQuery.SortBy.CREATION_TIME,
            false,
            PAGE,
            Optional.empty());
    while (true) {
      Page page = store.list(query);
      jobs.addAll(page.resources());
      if (page.next().isEmpty()) {
        return jobs;
      }
      query = query.from(page.next());
    }
  }

  private static boolean isOfJob(InstanceId id) {
    return id.owner().kind() == Owner.Kind.TRANSFORM_JOB;
  }

  private void changed(InstanceId id) {
    if (!isOfJob(id)) {
      return;
    }
    Active job = active.get(id.owner().id());
    JobRun run = job == null ? null : job.run;
    if (run != null && run.owns(id)) {
      run.changed(id);
    } else if (!isClosed) {
      // Of an earlier process, and found later than the start; or already being stopped.
      Thread.ofVirtual().start(() -> runtime.stop(id));
    }
  }

  /** Begins a job, or what is left of it. */
  void begin(Resource job) {
    if (isClosed) {
      return;
    }
    var state = new Active();
    state.isStopping = isStopping(job);
    if (active.putIfAbsent(job.id(), state) == null) {
      Thread thread =
          Thread.ofVirtual().name("transform-" + job.key().name()).unstarted(() -> run(job, state));
      synchronized (state) {
        state.thread = thread;
        thread.start();
      }
    }
  }

  private static boolean isStopping(Resource job) {
    return TransformJobStatus.of(job.status()) == TransformJobStatus.STOPPING;
  }

  /** Ends a job that is Stopping. */
  void stop(Resource job) {
    Active state = active.get(job.id());
    if (state != null) {
      state.stop();
    } else {
      begin(job);
    }
  }

  private void run(Resource job, Active state) {
    try {
      @Nullable String failure = ended(job, state);
      state.ending();
      if (!isClosed || state.isStopping) {
        end(job, failure);
      }
    } catch (InterruptedException _) {
      state.ending();
      if (state.isStopping) {
        end(job, null);
      } // else this process ends, and the next goes on
    } catch (RuntimeException e) {
      state.ending();
      if (!isClosed) {
        LOG.error("transform job {} failed", job.key().name(), e);
        end(
            job,
            "InternalServerError: We encountered an internal error.  Please try again. ("
                + e
                + ")");
      }
    } finally {
      active.remove(job.id(), state);
    }
  }

  /** Returns why the job failed, null when it is complete. */
  private @Nullable String ended(Resource job, Active state) throws InterruptedException {
    if (state.isStopping) {
      throw new InterruptedException("stopped before it began");
    }
    permits.acquire();
    try {
      var document = TransformJobDocument.parse(job.document());
      Instant now = tools.clock().instant().truncatedTo(ChronoUnit.MILLIS);
      Instant startedAt = document.startedAt().orElse(now);
      var run =
          new JobRun(
              JobSpecs.of(job.id(), region, document),
              tools,
              journal(job),
              startedAt,
              () -> change(job, (stored, parsed) -> stored.status(), startedAt, false, null));
      state.run = run;
      return switch (run.run()) {
        case JobRun.End.Completed _ -> null;
        case JobRun.End.Failed(String reason) -> reason;
      };
    } finally {
      permits.release();
    }
  }

  private Journal journal(Resource job) {
    return new Journal(directory.resolve("jobs").resolve(job.id()));
  }

  /** Makes the next status of a job. */
  @FunctionalInterface
  private interface Next {
    String status(Resource stored, TransformJobDocument document);
  }

  private void end(Resource job, @Nullable String failure) {
    Instant now = tools.clock().instant().truncatedTo(ChronoUnit.MILLIS);
    change(
        job,
        (stored, _) -> {
          if (isStopping(stored)) {
            return TransformJobStatus.STOPPED.wire();
          }
          return (failure == null ? TransformJobStatus.COMPLETED : TransformJobStatus.FAILED)
              .wire();
        },
        now,
        true,
        failure);
  }

  private void change(
      Resource job, Next next, Instant at, boolean isEnd, @Nullable String failure) {
    Instant now = tools.clock().instant().truncatedTo(ChronoUnit.MILLIS);
    String status =
        store.write(transaction -> {
          Resource stored = transaction.find(job.key()).orElseThrow();
          var document = TransformJobDocument.parse(stored.document());
          String becomes = next.status(stored, document);
          boolean isFailed = becomes.equals(TransformJobStatus.FAILED.wire());
          TransformJobDocument changed =
              isEnd ? document.ended(at, isFailed ? failure : null) : document.started(at);
          var _ = transaction.update(stored.with(becomes, changed.toJson(), now));
          return becomes;
        });
    LOG.info(
        "transform job {}: {}{}",
        job.key().name(),
        isEnd ? status : "started",
        failure == null ? "" : ", " + failure);
  }

  /** Returns what goes on in a job, empty when there is none of this name. */
  public Optional<TransformJobView> view(String name) {
    return store.find(Kind.TRANSFORM_JOB.key(name)).map(this::view);
  }

  private TransformJobView view(Resource job) {
    var document = TransformJobDocument.parse(job.document());
    Active state = active.get(job.id());
    JobRun run = state == null ? null : state.run;
    Journal journal = journal(job);
    try {
      var inputs = run == null ? journal.inputs().orElse(List.of()) : run.inputs();
      var outcomes =
          run == null ? journal.outcomes().values() : List.copyOf(run.outcomes().values());
      var done = outcomes.stream().filter(ObjectOutcome::isDone).toList();
      var failed = outcomes.stream().filter(outcome -> !outcome.isDone()).toList();
      return new TransformJobView(
          job.key().name(),
          job.status(),
          document.failureReason(),
          (run == null ? journal.parameters() : run.parameters()).orElse(null),
          inputs.size(),
          done.size(),
          failed.size(),
          Math.max(
              done.stream().mapToLong(ObjectOutcome::records).sum(),
              run == null ? 0 : run.progress().records.sum()),
          run == null ? null : run.progress().requests.sum(),
          Math.max(
              finishedBytes(inputs, outcomes), run == null ? 0 : run.progress().inputBytes.sum()),
          inputs.stream().mapToLong(input -> input.sizeBytes()).sum(),
          Math.max(
              done.stream().mapToLong(ObjectOutcome::outputBytes).sum(),
              run == null ? 0 : run.progress().outputBytes.sum()),
          run == null ? List.of() : run.instances().stream().map(TransformJobs::view).toList(),
          run == null ? List.of() : run.losses(),
          done.stream().limit(MOST_SHOWN).toList(),
          failed.stream().limit(MOST_SHOWN).toList(),
          Math.max(done.size(), failed.size()) > MOST_SHOWN,
          lastLines(journal.dataLog()));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the journal of job '%s' can't be read".formatted(job.key().name()), e);
    }
  }

  private static long finishedBytes(List<InputObject> inputs, Collection<ObjectOutcome> outcomes) {
    return outcomes.stream()
        .filter(outcome -> outcome.index() < inputs.size())
        .mapToLong(outcome -> inputs.get(outcome.index()).sizeBytes())
        .sum();
  }

  private static TransformJobView.InstanceView view(JobInstance instance) {
    return new TransformJobView.InstanceView(
        instance.id().instance(), instance.step(), instance.doneBytes(), instance.totalBytes());
  }

  private static List<String> lastLines(Path file) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    try (var channel = Files.newByteChannel(file)) {
      long from = Math.max(0, channel.size() - LOG_BYTES);
      channel.position(from);
      var lines =
          new String(
                  java.nio.channels.Channels.newInputStream(channel).readAllBytes(),
                  StandardCharsets.UTF_8)
              .lines()
              .skip(from == 0 ? 0 : 1)
              .toList();
      return lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size());
    }
  }

  /** Ends what this process does; the next one goes on with it. */
  @Override
  public void close() {
    isClosed = true;
    var threads = new ArrayList<Thread>();
    for (Active state : active.values()) {
      Thread thread = state.interrupt();
      if (thread != null) {
        threads.add(thread);
      }
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    tools.invoker().close();
  }
}
