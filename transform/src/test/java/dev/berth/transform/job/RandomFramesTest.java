package dev.berth.transform.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchStrategy;
import dev.berth.api.sagemaker.CompressionType;
import dev.berth.api.sagemaker.S3DataType;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformDataSource;
import dev.berth.api.sagemaker.TransformInput;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.api.sagemaker.TransformS3DataSource;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random bytes framed as RecordIO or TFRecord, named by a manifest, against a plain reference that
 * frames, packs, asks and concatenates one after the other.
 */
class RandomFramesTest {
  private static final int MEBIBYTE = 1 << 20;
  private static final int MAGIC = 0xced7230a;

  @TempDir Path data;

  private record Case(
      SplitType split,
      BatchStrategy strategy,
      AssemblyType assembly,
      boolean isGzip,
      int concurrent,
      List<List<byte[]>> objects) {

    static Case of(Random random) {
      boolean isSingle = random.nextBoolean();
      var objects = new ArrayList<List<byte[]>>();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        objects.add(records(random, isSingle ? 300 : 3000));
      }
      return new Case(
          random.nextBoolean() ? SplitType.RECORD_IO : SplitType.TF_RECORD,
          isSingle ? BatchStrategy.SINGLE_RECORD : BatchStrategy.MULTI_RECORD,
          random.nextBoolean() ? AssemblyType.LINE : AssemblyType.NONE,
          random.nextInt(3) == 0,
          1 + random.nextInt(8),
          objects);
    }

    private byte[] framed(byte[] record) {
      return split == SplitType.RECORD_IO ? recordIo(record) : tfRecord(record);
    }
  }

  private static List<byte[]> records(Random random, int most) {
    var records = new ArrayList<byte[]>();
    for (int i = random.nextInt(most); i > 0; i--) {
      boolean isLong = random.nextInt(200) == 0;
      byte[] record = new byte[random.nextInt(isLong ? 400_000 : 1500)];
      random.nextBytes(record);
      for (int at = 0; at + 4 <= record.length && random.nextBoolean(); at += 4) {
        little(record).putInt(at, MAGIC);
      }
      records.add(record);
    }
    return records;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns a record as dmlc-core's writer does: divided where its words are the magic number. */
  private static byte[] recordIo(byte[] record) {
    var parts = new ArrayList<byte[]>();
    int from = 0;
    for (int at = 0; at + 4 <= record.length; at += 4) {
      if (little(record).getInt(at) == MAGIC) {
        parts.add(java.util.Arrays.copyOfRange(record, from, at));
        from = at + 4;
      }
    }
    parts.add(java.util.Arrays.copyOfRange(record, from, record.length));
    var out = new ByteArrayOutputStream();
    for (int i = 0; i < parts.size(); i++) {
      int flag = parts.size() == 1 ? 0 : i == 0 ? 1 : i == parts.size() - 1 ? 3 : 2;
      byte[] part = parts.get(i);
      byte[] framed = new byte[8 + (part.length + 3) / 4 * 4];
      little(framed).putInt(MAGIC).putInt(flag << 29 | part.length).put(part);
      out.writeBytes(framed);
    }
    return out.toByteArray();
  }

  private static byte[] tfRecord(byte[] record) {
    byte[] framed = new byte[16 + record.length];
    ByteBuffer out = little(framed).putLong(record.length);
    out.putInt(masked(framed, 0, 8)).put(record);
    out.putInt(masked(framed, 12, record.length));
    return framed;
  }

  private static int masked(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  @ParameterizedTest
  @MethodSource("dev.berth.transform.job.Seeds#all")
  void a_job_gives_what_one_thread_would_give(long seed) throws Exception {
    Case one = Case.of(new Random(seed));
    var s3 = new MemoryS3();
    var manifest = new StringBuilder("[{\"prefix\":\"s3://b/data/x-\"}");
    for (int i = 0; i < one.objects().size(); i++) {
      var content = new ByteArrayOutputStream();
      one.objects().get(i).forEach(record -> content.writeBytes(one.framed(record)));
      byte[] bytes = content.toByteArray();
      s3.put("s3://b/data/x-%d".formatted(i), one.isGzip() ? gzip(bytes) : bytes);
      manifest.append(",\"").append(i).append('"');
    }
    s3.put("s3://b/data/x-not-named", new byte[] {1});
    s3.put("s3://b/manifest", manifest.append(']').toString().getBytes(StandardCharsets.UTF_8));
    try (var jobs = new Jobs(data, s3, new FakeRuntime((_, request) -> answer(request)))) {
      String name =
          jobs.create(
              Jobs.request("frames")
                  .transformInput(input(one))
                  .transformOutput(
                      TransformOutput.builder()
                          .s3OutputPath("s3://b/out")
                          .assembleWith(one.assembly())
                          .build())
                  .batchStrategy(one.strategy())
                  .maxPayloadInMB(1)
                  .maxConcurrentTransforms(one.concurrent())
                  .build());

      var ended = jobs.ended(name);

      assertThat(ended.transformJobStatus())
          .as("%s", ended)
          .isEqualTo(TransformJobStatus.COMPLETED);
      assertThat(s3.uris("s3://b/out/")).hasSize(one.objects().size());
      for (int i = 0; i < one.objects().size(); i++) {
        assertThat(s3.get("s3://b/out/%d.out".formatted(i)))
            .as("object %d", i)
            .isEqualTo(reference(one, one.objects().get(i)));
      }
    }
  }

  private static TransformInput input(Case one) {
    return TransformInput.builder()
        .dataSource(
            TransformDataSource.builder()
                .s3DataSource(
                    TransformS3DataSource.builder()
                        .s3DataType(S3DataType.MANIFEST_FILE)
                        .s3Uri("s3://b/manifest")
                        .build())
                .build())
        .compressionType(one.isGzip() ? CompressionType.GZIP : CompressionType.NONE)
        .splitType(one.split())
        .build();
  }

  private static byte[] reference(Case one, List<byte[]> records) {
    var out = new ByteArrayOutputStream();
    var batch = new ByteArrayOutputStream();
    boolean isAny = false;
    for (byte[] record : records) {
      boolean isSingle = one.strategy() == BatchStrategy.SINGLE_RECORD;
      byte[] sent = isSingle ? record : one.framed(record);
      if (isAny && (isSingle || batch.size() + sent.length > MEBIBYTE)) {
        ask(one, batch, out);
      }
      batch.writeBytes(sent);
      isAny = true;
    }
    if (isAny) {
      ask(one, batch, out);
    }
    return out.toByteArray();
  }

  private static void ask(Case one, ByteArrayOutputStream batch, ByteArrayOutputStream out) {
    out.writeBytes(answer(batch.toByteArray()));
    if (one.assembly() == AssemblyType.LINE) {
      out.write('\n');
    }
    batch.reset();
  }

  private static ModelResponse answer(ModelRequest request) {
    byte[] body = new byte[request.body().remaining()];
    request.body().get(request.body().position(), body);
    Seeds.answerUnevenly(body);
    return new ModelResponse(200, "application/octet-stream", ByteBuffer.wrap(answer(body)));
  }

  /** Shows where a request begins and ends, and all of its bytes. */
  private static byte[] answer(byte[] body) {
    return ByteBuffer.allocate(body.length + 5)
        .putInt(body.length)
        .put(body)
        .put((byte) '>')
        .array();
  }

  private static byte[] gzip(byte[] content) throws IOException {
    var out = new ByteArrayOutputStream();
    int half = content.length / 2;
    try (var member = new GZIPOutputStream(out)) {
      member.write(content, 0, half);
    }
    try (var member = new GZIPOutputStream(out)) {
      member.write(content, half, content.length - half);
    }
    return out.toByteArray();
  }
}
