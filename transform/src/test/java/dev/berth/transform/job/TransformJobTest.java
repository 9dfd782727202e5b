package dev.berth.transform.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchDataCaptureConfig;
import dev.berth.api.sagemaker.BatchStrategy;
import dev.berth.api.sagemaker.CreateTransformJobRequest;
import dev.berth.api.sagemaker.DataProcessing;
import dev.berth.api.sagemaker.ExperimentConfig;
import dev.berth.api.sagemaker.JoinSource;
import dev.berth.api.sagemaker.S3DataType;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformDataSource;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformResources;
import dev.berth.api.sagemaker.TransformS3DataSource;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransformJobTest {
  @TempDir Path data;
  private final MemoryS3 s3 = new MemoryS3();

  @Test
  void answers_are_joined_with_the_unfiltered_records_and_filtered() {
    put("in/a.csv", "1,\"x,\"\"y\"\"\",2\n3,\"é\",4\n");
    var asked = new AtomicReference<String>();
    try (var jobs =
        jobs((_, request) -> {
          asked.set(text(request));
          return ok("0.5\n0.25\n");
        })) {
      jobs.create(
          csv("join")
              .dataProcessing(
                  DataProcessing.builder()
                      .inputFilter("$[0,2]")
                      .joinSource(JoinSource.INPUT)
                      .outputFilter("$[1:-1]")
                      .build())
              .build());
      assertThat(jobs.ended("join").transformJobStatus()).isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(asked).hasValue("1,2\n3,4");
    assertThat(out("out/a.csv.out")).isEqualTo("\"x,\"\"y\"\"\",2,0.5\n\"é\",4,0.25\n");
  }

  @Test
  void an_answer_with_another_number_of_records_fails_the_join() {
    put("in/a.csv", "1\n2\n");
    try (var jobs = jobs((_, _) -> ok("0.5\n"))) {
      jobs.create(
          csv("count")
              .dataProcessing(DataProcessing.builder().joinSource(JoinSource.INPUT).build())
              .build());
      assertThat(jobs.ended("count").failureReason())
          .startsWith("ClientError: See job logs for more information")
          .contains("answered 1 records to 2");
    }
    assertThat(s3.uris("s3://b/out")).isEmpty();
  }

  @Test
  void json_lines_are_joined_as_members() {
    put("in/a", "{\"id\":1.50,\"f\":[1,2]}\n{\"id\":2,\"f\":[3]}\n");
    try (var jobs =
        jobs((_, request) -> ok("{\"n\":1}\n" + (text(request).contains("3") ? "7" : "")))) {
      jobs.create(
          Jobs.request("jsonl")
              .transformInput(
                  Jobs.input()
                      .contentType("application/jsonlines")
                      .splitType(SplitType.LINE)
                      .build())
              .transformOutput(
                  TransformOutput.builder()
                      .s3OutputPath("s3://b/out")
                      .accept("application/jsonlines")
                      .assembleWith(AssemblyType.LINE)
                      .build())
              .dataProcessing(
                  DataProcessing.builder()
                      .inputFilter("$.f")
                      .joinSource(JoinSource.INPUT)
                      .outputFilter("$['id','SageMakerOutput']")
                      .build())
              .build());
      jobs.ended("jsonl");
    }
    assertThat(out("out/a.out"))
        .isEqualTo(
            "{\"id\":1.50,\"SageMakerOutput\":{\"n\":1}}\n{\"id\":2,\"SageMakerOutput\":7}\n");
  }

  @Test
  void a_refused_record_fails_its_object_only_and_is_told_with_its_place() {
    put("in/a", "good\n");
    put("in/b", "good\nbad\ngood\n");
    put("in/c", "good\n");
    try (var jobs =
        jobs((_, request) ->
            text(request).equals("bad")
                ? ModelResponse.text(400, "no such word:\nbad")
                : ok(text(request)))) {
      jobs.create(lines("refused").batchStrategy(BatchStrategy.SINGLE_RECORD).build());
      var ended = jobs.ended("refused");

      assertThat(ended.failureReason())
          .isEqualTo(
              "ClientError: See job logs for more information. 1 of 3 objects failed, such as s3://b/in/b: record 1 (bytes 5 to 9): 400: no such word: bad");
      assertThat(s3.uris("s3://b/out")).containsExactly("s3://b/out/a.out", "s3://b/out/c.out");
      var view = jobs.view("refused");
      assertThat(view.done()).isEqualTo(2);
      assertThat(view.readBytes()).isEqualTo(view.totalBytes()).isEqualTo(24);
      assertThat(view.failures()).singleElement().extracting("input").isEqualTo("s3://b/in/b");
      assertThat(String.join("\n", view.dataLog()))
          .contains("MaxConcurrentTransforms=", "b/in/b: ClientError: 400", "b/in/b: bad");
    }
  }

  @Test
  void an_object_that_fails_with_5xx_is_tried_again_so_often() {
    put("in/a", "x\n");
    var attempts = new AtomicInteger();
    try (var jobs =
        jobs(
            (_, _) -> attempts.incrementAndGet() < 3 ? ModelResponse.text(503, "busy") : ok("y"))) {
      jobs.create(lines("retries").build());
      assertThat(jobs.ended("retries").transformJobStatus())
          .isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(out("out/a.out")).isEqualTo("y\n");
  }

  @Test
  void a_container_that_never_comes_up_ends_the_job_in_awss_words() {
    put("in/a", "x\n");
    try (var jobs = jobs((_, _) -> ok("y"))) {
      jobs.create(lines("bad").modelName("bad").build());
      assertThat(jobs.ended("bad").failureReason())
          .startsWith("AlgorithmError: Model container failed to respond to ping.")
          .contains("exit code 1: model is broken");
    }
  }

  @Test
  void no_objects_end_the_job_in_awss_words() {
    try (var jobs = jobs((_, _) -> ok("y"))) {
      jobs.create(lines("none").build());
      assertThat(jobs.ended("none").failureReason())
          .startsWith("ClientError: See job logs")
          .contains("No S3 objects found under S3 URL \"s3://b/in/\"");
    }
  }

  @Test
  void an_empty_object_has_an_empty_output_and_a_folder_none() {
    put("in/", "");
    put("in/empty", "");
    try (var jobs = jobs((_, _) -> ok("never asked"))) {
      jobs.create(lines("empty").build());
      jobs.ended("empty");
    }
    assertThat(s3.uris("s3://b/out")).containsExactly("s3://b/out/empty.out");
    assertThat(out("out/empty.out")).isEmpty();
  }

  @Test
  void a_manifest_names_the_objects() {
    put("data/x/1", "a\n");
    put("data/2", "b\n");
    put("data/3", "c\n");
    put("manifest.json", "[{\"prefix\":\"s3://b/data/\"},\"x/1\",\"2\"]");
    try (var jobs = jobs((_, request) -> ok(text(request)))) {
      var source =
          TransformS3DataSource.builder()
              .s3DataType(S3DataType.MANIFEST_FILE)
              .s3Uri("s3://b/manifest.json")
              .build();
      jobs.create(
          lines("manifest")
              .transformInput(
                  Jobs.input()
                      .splitType(SplitType.LINE)
                      .dataSource(TransformDataSource.builder().s3DataSource(source).build())
                      .build())
              .build());
      assertThat(jobs.ended("manifest").transformJobStatus())
          .isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(s3.uris("s3://b/out")).containsExactly("s3://b/out/2.out", "s3://b/out/x/1.out");
  }

  @Test
  void containers_get_awss_variables_over_the_models() {
    put("in/a", "x\n");
    try (var jobs = jobs((_, _) -> ok("y"))) {
      jobs.create(
          lines("environment")
              .environment(Map.of("KEY", "value", "SAGEMAKER_BATCH", "mine"))
              .maxPayloadInMB(2)
              .batchStrategy(BatchStrategy.MULTI_RECORD)
              .build());
      jobs.ended("environment");
      assertThat(jobs.runtime.started.getFirst().containers().getFirst().environment())
          .isEqualTo(
              Map.of(
                  "KEY", "value",
                  "SAGEMAKER_BATCH", "true",
                  "SAGEMAKER_MAX_PAYLOAD_IN_MB", "2",
                  "SAGEMAKER_BATCH_STRATEGY", "MULTI_RECORD"));
    }
  }

  @Test
  void a_stopped_job_keeps_what_is_finished_and_leaves_nothing_else() throws Exception {
    put("in/1", "fast\n");
    put("in/2", "slow\n");
    var asked = new CountDownLatch(1);
    var free = new CountDownLatch(1);
    try (var jobs =
        jobs((_, request) -> {
          if (text(request).equals("slow")) {
            asked.countDown();
            awaitQuietly(free);
          }
          return ok(text(request));
        })) {
      jobs.create(lines("stopped").maxConcurrentTransforms(1).build());
      asked.await();
      jobs.stop("stopped");
      assertThat(jobs.describe("stopped").transformJobStatus())
          .isEqualTo(TransformJobStatus.STOPPING);
      free.countDown();
      assertThat(jobs.ended("stopped").transformJobStatus()).isEqualTo(TransformJobStatus.STOPPED);
      assertThat(s3.uris("s3://b/out")).containsExactly("s3://b/out/1.out");
      await().until(() -> jobs.runtime.instances.isEmpty());
      assertThatThrownBy(() -> jobs.stop("stopped"))
          .hasMessage("The request was rejected because the transform job is in status Stopped");
    }
  }

  @Test
  void a_stop_that_comes_when_the_work_is_over_lets_the_job_end() {
    put("in/1", "fast\n");
    var isAnswered = new AtomicBoolean();
    var jobs = new AtomicReference<Jobs>();
    // How the job ended is about to be written: its thread asks for the time of it.
    InstantSource clock =
        () -> {
          if (Thread.currentThread().getName().equals("transform-late")
              && isAnswered.compareAndSet(true, false)) {
            jobs.get().stop("late");
          }
          return Instant.now();
        };
    var runtime =
        new FakeRuntime((_, request) -> {
          isAnswered.set(true);
          return ok(text(request));
        });
    try (var all = new Jobs(data, s3, runtime, clock)) {
      jobs.set(all);
      all.create(lines("late").build());
      assertThat(all.ended("late").transformJobStatus()).isEqualTo(TransformJobStatus.STOPPED);
      assertThat(isAnswered).isFalse();
    }
  }

  @Test
  void a_lost_instances_objects_are_done_by_another() {
    put("in/1", "a\n");
    put("in/2", "b\n");
    var runtime = new AtomicReference<FakeRuntime>();
    var first = new AtomicReference<InstanceId>();
    try (var jobs =
        jobs((id, request) -> {
          if (first.compareAndSet(null, id)) {
            runtime.get().lose(id);
          }
          return id.equals(first.get()) ? ModelResponse.text(500, "dying") : ok(text(request));
        })) {
      runtime.set(jobs.runtime);
      jobs.create(lines("lost").maxConcurrentTransforms(1).build());
      assertThat(jobs.ended("lost").transformJobStatus()).isEqualTo(TransformJobStatus.COMPLETED);
      assertThat(jobs.runtime.started).hasSizeGreaterThan(1);
    }
    assertThat(s3.uris("s3://b/out")).hasSize(2);
  }

  @Test
  void objects_are_spread_over_the_instances() {
    for (int i = 0; i < 8; i++) {
      put("in/" + i, "x\n");
    }
    var both = new CountDownLatch(2);
    var seen = java.util.concurrent.ConcurrentHashMap.<InstanceId>newKeySet();
    try (var jobs =
        jobs((id, _) -> {
          if (seen.add(id)) {
            both.countDown();
          }
          while (seen.size() < 2) {
            Thread.onSpinWait();
          }
          return ok("y");
        })) {
      jobs.create(
          lines("spread")
              .maxConcurrentTransforms(1)
              .transformResources(
                  TransformResources.builder().instanceType("ml.m5.large").instanceCount(2).build())
              .build());
      assertThat(jobs.ended("spread").transformJobStatus()).isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(seen).hasSize(2);
  }

  @Test
  void models_that_compute_leave_virtual_threads_a_processor() throws Exception {
    int processors = Runtime.getRuntime().availableProcessors();
    put("in/a", "x\n".repeat(2 * processors));
    var computing = new CountDownLatch(processors);
    var isSeen = new AtomicBoolean();
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    try (var jobs =
        jobs((_, _) -> {
          computing.countDown();
          while (!isSeen.get() && System.nanoTime() < until) {
            Thread.onSpinWait();
          }
          return isSeen.get() ? ok("y") : ModelResponse.text(400, "nobody else could run");
        })) {
      jobs.create(
          lines("busy")
              .batchStrategy(BatchStrategy.SINGLE_RECORD)
              .maxConcurrentTransforms(2 * processors)
              .build());
      computing.await();
      Thread.ofVirtual().start(() -> isSeen.set(true));

      assertThat(jobs.ended("busy").transformJobStatus()).isEqualTo(TransformJobStatus.COMPLETED);
    }
  }

  @Test
  void a_new_process_goes_on_after_the_last_finished_object() throws Exception {
    for (int i = 0; i < 4; i++) {
      put("in/" + i, "%d\n%d\n".formatted(i, i));
    }
    var third = new CountDownLatch(1);
    var free = new CountDownLatch(1);
    var before =
        jobs((_, request) -> {
          if (text(request).startsWith("2")) {
            third.countDown();
            awaitQuietly(free);
          }
          return ok(text(request));
        });
    before.create(lines("restarted").maxConcurrentTransforms(1).build());
    third.await();
    assertThat(before.view("restarted").done()).isEqualTo(2);
    put("in/later", "came after the job began\n");
    Thread freeing = Thread.ofVirtual().unstarted(free::countDown);
    freeing.start();
    before.close();

    var asked = new java.util.concurrent.ConcurrentLinkedQueue<Character>();
    try (var after =
        jobs((_, request) -> {
          asked.add(text(request).charAt(0));
          return ok(text(request));
        })) {
      after.jobs.start();
      assertThat(after.ended("restarted").transformJobStatus())
          .isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(asked).doesNotContain('0', '1');
    assertThat(s3.uris("s3://b/out")).hasSize(4);
    assertThat(out("out/3.out")).isEqualTo("3\n3\n");
  }

  @Test
  void captured_outputs_have_ids_and_manifests_name_inputs_and_outputs() {
    put("in/a.csv", "1\n2\n");
    try (var jobs = jobs((_, _) -> ok("0.5\n0.25\n"))) {
      jobs.create(
          csv("captured")
              .dataCaptureConfig(
                  BatchDataCaptureConfig.builder()
                      .destinationS3Uri("s3://b/capture")
                      .generateInferenceId(true)
                      .build())
              .build());
      assertThat(jobs.ended("captured").transformJobStatus())
          .isEqualTo(TransformJobStatus.COMPLETED);
    }
    assertThat(out("out/a.csv.out"))
        .matches("(?s)0\\.5,[0-9a-f-]{36},20[0-9T:Z-]{18}\n0\\.25,[0-9a-f-]{36},20[0-9T:Z-]{18}\n");
    var manifests = s3.uris("s3://b/capture/");
    assertThat(manifests).hasSize(2);
    assertThat(manifests.getFirst())
        .matches("s3://b/capture/input/\\d{4}/\\d\\d/\\d\\d/\\d\\d/captured.json");
    assertThat(new String(s3.get(manifests.getFirst()), StandardCharsets.UTF_8))
        .isEqualTo("[{\"prefix\":\"s3://b/in/\"},\"a.csv\"]");
    assertThat(new String(s3.get(manifests.getLast()), StandardCharsets.UTF_8))
        .isEqualTo("[{\"prefix\":\"s3://b/out/\"},\"a.csv.out\"]");
  }

  @Test
  void requests_that_break_a_rule_are_refused_by_name() {
    try (var jobs = jobs((_, _) -> ok("y"))) {
      refused(jobs, lines("r").maxPayloadInMB(101), "MaxPayloadInMB is 101");
      refused(jobs, lines("r").maxPayloadInMB(20).maxConcurrentTransforms(6), "is 120");
      refused(jobs, lines("r").modelName("nope"), "Could not find model \"arn:");
      refused(
          jobs,
          lines("r")
              .transformOutput(
                  TransformOutput.builder().s3OutputPath("s3://b/o").kmsKeyId("k").build()),
          "TransformOutput.KmsKeyId is \"k\"");
      refused(
          jobs,
          lines("r").experimentConfig(ExperimentConfig.builder().experimentName("e").build()),
          "ExperimentConfig.ExperimentName is \"e\"");
      refused(
          jobs,
          csv("r").dataProcessing(DataProcessing.builder().inputFilter("$.a").build()),
          "DataProcessing.InputFilter is \"$.a\"");
      refused(
          jobs,
          csv("r").dataProcessing(DataProcessing.builder().outputFilter("$..a").build()),
          "recursive descent");
      refused(
          jobs,
          lines("r").dataProcessing(DataProcessing.builder().joinSource(JoinSource.INPUT).build()),
          "ContentType and TransformOutput.Accept to be the same");
      put("in/a", "x\n");
      jobs.create(lines("twice").build());
      assertThatThrownBy(() -> jobs.create(lines("twice").build()))
          .isInstanceOfSatisfying(
              AwsException.class, e -> assertThat(e.code()).isEqualTo("ResourceInUse"))
          .hasMessageContaining("Job name must be unique");
      jobs.ended("twice");
    }
  }

  private static void refused(Jobs jobs, CreateTransformJobRequest.Builder request, String text) {
    assertThatThrownBy(() -> jobs.create(request.build()))
        .isInstanceOf(AwsException.class)
        .hasMessageContaining(text);
  }

  private Jobs jobs(java.util.function.BiFunction<InstanceId, ModelRequest, ModelResponse> model) {
    return new Jobs(data, s3, new FakeRuntime(model));
  }

  private static CreateTransformJobRequest.Builder lines(String name) {
    return Jobs.request(name)
        .transformInput(Jobs.input().splitType(SplitType.LINE).build())
        .transformOutput(
            TransformOutput.builder()
                .s3OutputPath("s3://b/out")
                .assembleWith(AssemblyType.LINE)
                .build());
  }

  private static CreateTransformJobRequest.Builder csv(String name) {
    return Jobs.request(name)
        .transformInput(Jobs.input().contentType("text/csv").splitType(SplitType.LINE).build())
        .transformOutput(
            TransformOutput.builder()
                .s3OutputPath("s3://b/out")
                .accept("text/csv")
                .assembleWith(AssemblyType.LINE)
                .build());
  }

  private void put(String key, String content) {
    s3.put("s3://b/" + key, content.getBytes(StandardCharsets.UTF_8));
  }

  private String out(String key) {
    return new String(s3.get("s3://b/" + key), StandardCharsets.UTF_8);
  }

  private static String text(ModelRequest request) {
    return StandardCharsets.UTF_8.decode(request.body().duplicate()).toString();
  }

  private static ModelResponse ok(String text) {
    return new ModelResponse(
        200, "text/csv", ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void awaitQuietly(CountDownLatch latch) {
    boolean isInterrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException _) {
        isInterrupted = true; // as native code of a model, which knows no interrupts
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
