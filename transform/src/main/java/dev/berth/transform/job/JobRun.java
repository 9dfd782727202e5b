package dev.berth.transform.job;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.instance.InstancePreparation;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.Target;
import dev.berth.transform.body.Scratch;
import dev.berth.transform.failure.TransformFailure;
import dev.berth.transform.failure.TransformFailure.Kind;
import dev.berth.transform.input.InputObject;
import dev.berth.transform.input.Inputs;
import dev.berth.transform.invoke.Invoker;
import dev.berth.transform.invoke.Invoker.Container;
import dev.berth.transform.invoke.Invoker.Manner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job from its objects to its end. Instances take objects from one queue; each works on as many
 * of them at a time as it takes requests, so that small objects keep it as busy as large ones. An
 * instance that is lost gives its objects back, and another is started in its place.
 */
final class JobRun {
  private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("uuuu/MM/dd/HH", Locale.ROOT).withZone(ZoneOffset.UTC);

  /**
   * How often an object is begun anew, and an instance is replaced without having done anything.
   */
  private static final int MOST_ATTEMPTS = 3;

  /** For the runtime to find out that the container we can't reach is dead. */
  private static final Duration LOSS_PATIENCE = Duration.ofSeconds(5);

  /** What a run needs of the house. */
  record Tools(
      ContainerRuntime runtime,
      InstancePreparation preparation,
      ObjectSource source,
      ObjectSink sink,
      Invoker invoker,
      Scratch scratch,
      InstantSource clock) {}

  /** How a job ended. */
  sealed interface End {
    record Completed() implements End {}

    record Failed(String reason) implements End {}
  }

  private final JobSpec job;
  private final Tools tools;
  private final Journal journal;
  private final Runnable started;
  private final Instant startedAt;
  private final Progress progress = new Progress();
  private final Map<InstanceId, JobInstance> instances = new ConcurrentHashMap<>();
  private final List<String> losses = new ArrayList<>();
  private volatile List<InputObject> inputs = List.of();
  private volatile Map<Integer, ObjectOutcome> outcomes = new ConcurrentHashMap<>();
  private volatile @Nullable JobParameters parameters;
  private volatile boolean wasInService;
  private volatile @Nullable String launchFailure;

  /**
   * Makes a run.
   *
   * @param startedAt when the job began, for ids and manifests: the same after a restart
   * @param started called when instances are about to start
   */
  JobRun(JobSpec job, Tools tools, Journal journal, Instant startedAt, Runnable started) {
    this.job = job;
    this.tools = tools;
    this.journal = journal;
    this.startedAt = startedAt;
    this.started = started;
  }

  Progress progress() {
    return progress;
  }

  List<InputObject> inputs() {
    return inputs;
  }

  Map<Integer, ObjectOutcome> outcomes() {
    return outcomes;
  }

  Optional<JobParameters> parameters() {
    return Optional.ofNullable(parameters);
  }

  List<JobInstance> instances() {
    return List.copyOf(instances.values());
  }

  /** Instances that were lost, in words. */
  List<String> losses() {
    synchronized (losses) {
      return List.copyOf(losses);
    }
  }

  boolean owns(InstanceId id) {
    return instances.containsKey(id);
  }

  void changed(InstanceId id) {
    JobInstance instance = instances.get(id);
    if (instance != null) {
      instance.changed();
    }
  }

  /**
   * Does what is left of the job.
   *
   * @throws InterruptedException when it is stopped; finished outputs stay, nothing else does
   */
  End run() throws InterruptedException {
    try {
      return work();
    } catch (TransformFailure e) {
      journal.log(now(), e.kind() == Kind.CLIENT ? "ClientError: " + e.text() : e.text());
      return new End.Failed(e.kind().sentence() + ". " + e.text());
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("transform job {} failed", job.name(), e);
      return new End.Failed(Kind.INTERNAL.sentence() + " (" + e.getMessage() + ")");
    }
  }

  private End work() throws TransformFailure, IOException, InterruptedException {
    outcomes = new ConcurrentHashMap<>(journal.outcomes());
    inputs = found();
    var queue =
        new WorkQueue(
            inputs.stream().filter(input -> !outcomes.containsKey(input.index())).toList());
    parameters = journal.parameters().orElse(null);
    started.run();
    if (queue.left() > 0) {
      int count = Math.min(job.instanceCount(), queue.left());
      LOG.info(
          "transform job {}: {} of {} objects to do, on {} instances",
          job.name(),
          queue.left(),
          inputs.size(),
          count);
      ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
      try {
        var slots = new ArrayList<java.util.concurrent.Future<?>>();
        for (int i = 0; i < count; i++) {
          slots.add(threads.submit(() -> slot(queue)));
        }
        for (var slot : slots) {
          await(slot);
        }
      } finally {
        threads.shutdownNow();
        threads.close();
      }
    }
    return end(queue);
  }

  private static void await(java.util.concurrent.Future<?> slot) throws InterruptedException {
    try {
      slot.get();
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("an instance's work failed", e.getCause());
    }
  }

  private List<InputObject> found() throws TransformFailure, IOException, InterruptedException {
    Optional<List<InputObject>> kept = journal.inputs();
    if (kept.isPresent()) {
      return kept.get();
    }
    var all = new Inputs(tools.source(), job.output());
    String role = job.model().executionRoleArn() == null ? "" : job.model().executionRoleArn();
    List<InputObject> found =
        job.isManifest()
            ? all.ofManifest(job.input())
            : all.ofPrefix(job.input(), job.region(), role);
    journal.keepInputs(found);
    return found;
  }

  private End end(WorkQueue queue) throws IOException, TransformFailure {
    if (queue.left() > 0) {
      String why = launchFailure;
      return new End.Failed(why == null ? Kind.INTERNAL.sentence() : why);
    }
    if (job.capture().isPresent()) {
      capture(job.capture().get());
    }
    List<ObjectOutcome> failed =
        outcomes.values().stream().filter(outcome -> !outcome.isDone()).toList();
    return failed.isEmpty() ? new End.Completed() : new End.Failed(reason(failed));
  }

  private String reason(List<ObjectOutcome> failed) {
    ObjectOutcome first = failed.getFirst();
    Kind worst = Kind.CLIENT;
    for (ObjectOutcome outcome : failed) {
      Kind kind = outcome.error() == null ? Kind.CLIENT : outcome.error().kind();
      if (kind.compareTo(worst) > 0) {
        worst = kind;
        first = outcome;
      }
    }
    return "%s. %d of %d objects failed, such as %s: %s"
        .formatted(
            worst.sentence(),
            failed.size(),
            inputs.size(),
            first.input(),
            first.error() == null ? "" : first.error().words());
  }

  /** Keeps one instance at work, and replaces it when it is lost, until all objects are done. */
  private void slot(WorkQueue queue) {
    int failures = 0;
    try {
      while (queue.left() > 0 && failures < MOST_ATTEMPTS) {
        int before = outcomes.size();
        var instance = new JobInstance(tools.runtime(), job.id());
        instances.put(instance.id(), instance);
        try (instance) {
          List<Container> containers = instance.launch(job, tools.preparation());
          wasInService = true;
          work(instance, containers, queue);
          if (instance.loss() != null) {
            lost(instance, String.valueOf(instance.loss()));
          }
        } catch (JobInstance.LaunchException e) {
          launchFailure = launchReason(e);
          lost(instance, e.reason());
          if (e.isPreparation() || !wasInService) {
            return;
          }
        } finally {
          instances.remove(instance.id());
        }
        failures = outcomes.size() > before ? 0 : failures + 1;
      }
      if (queue.left() > 0 && launchFailure == null) {
        launchFailure = Kind.ALGORITHM.sentence() + ". " + String.join("; ", losses());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static String launchReason(JobInstance.LaunchException e) {
    return e.isPreparation()
        ? "ClientError: " + e.reason()
        : "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and responds with an HTTP 200 status code. "
            + e.reason();
  }

  private void lost(JobInstance instance, String why) {
    String words = "instance %s was lost: %s".formatted(instance.id().instance(), why);
    LOG.warn("transform job {}: {}", job.name(), words);
    journal.log(now(), words);
    synchronized (losses) {
      losses.add(words);
    }
  }

  /** Returns when all objects are done, or the instance is lost. */
  private void work(JobInstance instance, List<Container> containers, WorkQueue queue)
      throws InterruptedException {
    JobParameters settled = settle(containers.getFirst());
    Manner manner = job.manner(settled);
    var transform =
        new ObjectTransform(
            job,
            job.splitting(settled),
            job.processing(settled, startedAt),
            tools.source(),
            tools.sink(),
            tools.scratch(),
            progress,
            ObjectTransform.Lane.of(
                request ->
                    tools
                        .invoker()
                        .invoke(containers, manner, request, () -> instance.loss() == null),
                settled.maxConcurrentTransforms()));
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      threads.execute(() -> {
        try {
          instance.awaitLoss();
          threads.shutdownNow();
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      });
      var takers = new ArrayList<java.util.concurrent.Future<?>>();
      for (int i = 0; i < Math.min(settled.maxConcurrentTransforms(), inputs.size()); i++) {
        takers.add(threads.submit(() -> takeAndTransform(instance, transform, queue)));
      }
      for (var taker : takers) {
        await(taker);
      }
    } finally {
      threads.shutdownNow();
      threads.close();
    }
  }

  private void takeAndTransform(JobInstance instance, ObjectTransform transform, WorkQueue queue) {
    try {
      while (instance.loss() == null) {
        InputObject object = queue.take();
        if (object == null) {
          return;
        }
        boolean isSettled = false;
        try {
          isSettled = settled(instance, object, transform, queue);
        } finally {
          if (!isSettled) {
            queue.giveBack(object);
          }
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // stopped, or the instance is lost
    }
  }

  /** Returns whether the object is done or failed for good; otherwise somebody does it again. */
  private boolean settled(
      JobInstance instance, InputObject object, ObjectTransform transform, WorkQueue queue)
      throws InterruptedException {
    ObjectOutcome outcome;
    try {
      outcome = transform.run(object);
    } catch (TransformFailure e) {
      Duration patience = e.isAnswer() ? Duration.ZERO : LOSS_PATIENCE;
      boolean isLost = e.kind() == Kind.ALGORITHM && instance.isLostWithin(patience);
      if ((isLost || e.kind() == Kind.INTERNAL) && queue.attempts(object) < MOST_ATTEMPTS - 1) {
        journal.log(now(), object.path() + ": " + e.text() + " (it is begun anew)");
        return false;
      }
      log(object, e);
      outcome = ObjectOutcome.failed(object, e);
    }
    finish(outcome, queue);
    return true;
  }

  private void finish(ObjectOutcome outcome, WorkQueue queue) {
    try {
      journal.finished(outcome);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep what is finished", e);
    }
    outcomes.put(outcome.index(), outcome);
    queue.finished();
  }

  /** Writes what AWS writes: the status, and the container's answer, each line after the object. */
  private void log(InputObject object, TransformFailure failure) {
    var lines = new ArrayList<String>();
    if (!failure.isAnswer()) {
      lines.addAll(failure.text().lines().toList());
    } else {
      lines.add(
          failure.kind() == Kind.CLIENT
              ? "ClientError: " + failure.status()
              : "Bad HTTP status received from algorithm: " + failure.status());
      lines.add("");
      lines.add("Message:");
      lines.addAll(failure.text().lines().toList());
    }
    if (!failure.place().words().isEmpty()) {
      lines.add("(" + failure.place().words() + ")");
    }
    var text = new StringBuilder();
    lines.forEach(line -> text.append(object.path()).append(": ").append(line).append('\n'));
    journal.log(now(), text.toString());
  }

  private synchronized JobParameters settle(Container first) throws InterruptedException {
    JobParameters already = parameters;
    if (already != null) {
      return already;
    }
    String told =
        switch (first.target()) {
          case Target.InProcess _ -> JobParameters.ofBuiltIn();
          case Target.Http(var address, _) -> tools.invoker().executionParameters(address);
          case Target.MultiModel _ -> null;
        };
    JobParameters settled = JobParameters.of(job.asked(), told);
    try {
      journal.keepParameters(settled);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep the job's parameters", e);
    }
    journal.log(now(), settled.words());
    parameters = settled;
    return settled;
  }

  /** Writes the manifests of what went in and of what came out. */
  private void capture(JobSpec.Capture capture) throws IOException {
    String prefix = job.input().key().substring(0, job.input().key().lastIndexOf('/') + 1);
    // A manifest's names continue its own prefix, which an object's key ends where its name begins.
    InputObject any = inputs.getFirst();
    String inputPrefix =
        any.key().endsWith(any.relative())
            ? any.key().substring(0, any.key().length() - any.relative().length())
            : prefix;
    write(
        capture,
        "input",
        new S3Uri(any.bucket(), inputPrefix),
        input -> input.relative(),
        inputs.stream());
    write(
        capture,
        "output",
        job.output(),
        input -> input.relative() + ".out",
        inputs.stream()
            .filter(input -> {
              ObjectOutcome outcome = outcomes.get(input.index());
              return outcome != null && outcome.isDone();
            }));
  }

  private void write(
      JobSpec.Capture capture,
      String kind,
      S3Uri prefix,
      Function<InputObject, String> name,
      Stream<InputObject> objects)
      throws IOException {
    String folder = capture.destination().key();
    String key =
        "%s%s/%s/%s.json"
            .formatted(
                folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/",
                kind,
                HOUR.format(startedAt),
                job.name());
    String shown = prefix.toString();
    var uri = new S3Uri(capture.destination().bucket(), key);
    try (var upload = tools.sink().begin(uri, capture.kmsKeyId())) {
      try (SequenceWriter manifest = JSON.writer().writeValuesAsArray(upload.stream())) {
        manifest.write(Map.of("prefix", shown.endsWith("/") ? shown : shown + "/"));
        for (InputObject object : (Iterable<InputObject>) objects::iterator) {
          manifest.write(name.apply(object));
        }
      }
      upload.commit();
    }
  }

  private Instant now() {
    return tools.clock().instant();
  }
}
