package dev.berth.transform.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchStrategy;
import dev.berth.api.sagemaker.CompressionType;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformResources;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random objects and random settings against a plain reference: split, pack, ask and concatenate,
 * one after the other, in a few lines. The model's answer shows where a request begins and ends, so
 * that the packing is compared too.
 */
class RandomJobsTest {
  private static final int MEBIBYTE = 1 << 20;

  @TempDir Path data;

  /** What a seed stands for. */
  private record Case(
      SplitType split,
      BatchStrategy strategy,
      AssemblyType assembly,
      boolean isGzip,
      boolean isCsv,
      int payloadInMb,
      int concurrent,
      int instances,
      List<List<String>> objects) {

    static Case of(Random random) {
      boolean isCsv = random.nextBoolean();
      boolean isSingle = random.nextInt(4) == 0;
      var objects = new ArrayList<List<String>>();
      int count = 1 + random.nextInt(5);
      for (int i = 0; i < count; i++) {
        objects.add(isCsv ? rows(random, isSingle) : lines(random, isSingle));
      }
      return new Case(
          random.nextInt(5) == 0 ? SplitType.NONE : SplitType.LINE,
          isSingle ? BatchStrategy.SINGLE_RECORD : BatchStrategy.MULTI_RECORD,
          random.nextBoolean() ? AssemblyType.LINE : AssemblyType.NONE,
          random.nextInt(3) == 0,
          isCsv,
          random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(3),
          1 + random.nextInt(8),
          1 + random.nextInt(3),
          objects);
    }
  }

  /** Returns records with their line ends; the last may have none. */
  private static List<String> lines(Random random, boolean areFew) {
    return records(random, areFew, () -> text(random, "abc \"',;é漢0\\{}"));
  }

  /** Returns CSV rows, some of whose fields are quoted and hold commas, quotes and line ends. */
  private static List<String> rows(Random random, boolean areFew) {
    return records(
        random,
        areFew,
        () -> {
          var fields = new ArrayList<String>();
          for (int i = 1 + random.nextInt(4); i > 0; i--) {
            fields.add(
                random.nextInt(3) == 0
                    ? "\"" + text(random, "ab,é漢\n\r1").replace("a", "\"\"") + "\""
                    : text(random, "ab é漢01."));
          }
          return String.join(",", fields);
        });
  }

  private static List<String> records(
      Random random, boolean areFew, java.util.function.Supplier<String> record) {
    var records = new ArrayList<String>();
    int most = random.nextInt(6) == 0 ? 0 : areFew ? 300 : 40_000;
    String end = random.nextInt(3) == 0 ? "\r\n" : "\n";
    for (int i = most == 0 ? 0 : random.nextInt(most); i > 0; i--) {
      records.add(record.get() + end);
    }
    if (!records.isEmpty() && random.nextBoolean()) {
      String last = records.removeLast().stripTrailing();
      if (!last.isEmpty()) {
        records.add(last);
      }
    }
    return records;
  }

  private static String text(Random random, String alphabet) {
    var text = new StringBuilder();
    for (int i = random.nextInt(60); i > 0; i--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }

  @ParameterizedTest
  @MethodSource("dev.berth.transform.job.Seeds#all")
  void a_job_gives_what_one_thread_would_give(long seed) throws Exception {
    Case one = Case.of(new Random(seed));
    var s3 = new MemoryS3();
    for (int i = 0; i < one.objects().size(); i++) {
      byte[] content = bytes(String.join("", one.objects().get(i)));
      s3.put("s3://b/in/%d".formatted(i), one.isGzip() ? gzip(content, seed) : content);
    }
    try (var jobs = new Jobs(data, s3, new FakeRuntime((_, request) -> answer(request)))) {
      String name =
          jobs.create(
              Jobs.request("random-" + seed)
                  .transformInput(
                      Jobs.input()
                          .contentType(one.isCsv() ? "text/csv" : "text/plain")
                          .compressionType(
                              one.isGzip() ? CompressionType.GZIP : CompressionType.NONE)
                          .splitType(one.split())
                          .build())
                  .transformOutput(
                      TransformOutput.builder()
                          .s3OutputPath("s3://b/out")
                          .assembleWith(one.assembly())
                          .build())
                  .batchStrategy(one.strategy())
                  .maxPayloadInMB(one.payloadInMb())
                  .maxConcurrentTransforms(one.concurrent())
                  .transformResources(
                      TransformResources.builder()
                          .instanceType("ml.m5.large")
                          .instanceCount(one.instances())
                          .build())
                  .build());
      var ended = jobs.ended(name);

      int failed = 0;
      for (int i = 0; i < one.objects().size(); i++) {
        byte[] expected = reference(one, one.objects().get(i));
        failed += expected == null ? 1 : 0;
        byte[] actual = s3.get("s3://b/out/%d.out".formatted(i));
        assertThat(Arrays.equals(actual, expected)).as("object %d of %s", i, ended).isTrue();
      }
      assertThat(ended.transformJobStatus())
          .isEqualTo(failed == 0 ? TransformJobStatus.COMPLETED : TransformJobStatus.FAILED);
    }
  }

  /** Returns the output of one object, null when a record or the object is too long. */
  private static byte[] reference(Case one, List<String> records) throws IOException {
    long most = one.payloadInMb() == 0 ? Long.MAX_VALUE : (long) one.payloadInMb() * MEBIBYTE;
    var out = new ByteArrayOutputStream();
    var requests = new ArrayList<byte[]>();
    if (one.split() == SplitType.NONE) {
      byte[] whole = bytes(String.join("", records));
      if (whole.length > most) {
        return null;
      }
      if (whole.length > 0) {
        requests.add(whole);
      }
    } else {
      var batch = new ByteArrayOutputStream();
      byte[] end = null;
      for (String record : records) {
        String content = record.replaceAll("\r?\n\\z", "");
        byte[] bytes = bytes(content);
        boolean fits = end != null && batch.size() + end.length + bytes.length <= most;
        if (end != null && (one.strategy() == BatchStrategy.SINGLE_RECORD || !fits)) {
          requests.add(batch.toByteArray());
          batch.reset();
          end = null;
        }
        if (end != null) {
          batch.write(end);
        }
        batch.write(bytes);
        end = bytes(record.substring(content.length()));
      }
      if (end != null) {
        requests.add(batch.toByteArray());
      }
    }
    for (byte[] request : requests) {
      out.write(answer(request));
      if (one.assembly() == AssemblyType.LINE) {
        out.write('\n');
      }
    }
    return out.toByteArray();
  }

  private static ModelResponse answer(ModelRequest request) {
    byte[] body = new byte[request.body().remaining()];
    request.body().get(request.body().position(), body);
    Seeds.answerUnevenly(body);
    return new ModelResponse(200, "text/plain", ByteBuffer.wrap(answer(body)));
  }

  private static byte[] answer(byte[] body) {
    byte[] answer = Arrays.copyOf(body, body.length + 2);
    answer[body.length] = (byte) body.length;
    answer[body.length + 1] = '>';
    return answer;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns {@code content} as some gzip members, one after the other. */
  private static byte[] gzip(byte[] content, long seed) throws IOException {
    var out = new ByteArrayOutputStream();
    int members = 1 + (int) Math.floorMod(seed, 4L);
    for (int i = 0; i < members; i++) {
      try (var member = new GZIPOutputStream(out)) {
        int from = content.length / members * i;
        int to = i == members - 1 ? content.length : from + content.length / members;
        member.write(content, from, to - from);
      }
    }
    return out.toByteArray();
  }
}
