package dev.berth.transform.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.AssemblyType;
import dev.berth.api.sagemaker.BatchStrategy;
import dev.berth.api.sagemaker.DataProcessing;
import dev.berth.api.sagemaker.JoinSource;
import dev.berth.api.sagemaker.SplitType;
import dev.berth.api.sagemaker.TransformJobStatus;
import dev.berth.api.sagemaker.TransformOutput;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random records through random filters and joins, against a reference that never parses: it knows
 * the columns, or members, that a record was made of.
 */
class RandomProcessingTest {
  @TempDir Path data;

  /** What is sent of a record, and what its output is once the model has answered. */
  private interface Filters<R> {
    String sent(R record);

    String output(R record, String answer);
  }

  private static final int COLUMNS = 4;

  /** Paths over a row, and the columns they select of so many. */
  private static List<Integer> columns(String path, int size) {
    return switch (path) {
      case "$" -> range(0, size - 1);
      case "$[0]" -> List.of(0);
      case "$[-1]" -> List.of(size - 1);
      case "$[2,0]" -> List.of(2, 0);
      case "$[1:2]" -> range(1, 2);
      case "$[1:]" -> range(1, size - 1);
      case "$[:2]" -> range(0, 2);
      case "$[0,-1]" -> List.of(0, size - 1);
      case "$[-2:]" -> range(size - 2, size - 1);
      default -> throw new AssertionError(path);
    };
  }

  private static List<Integer> range(int from, int to) {
    var all = new ArrayList<Integer>();
    for (int i = from; i <= to; i++) {
      all.add(i);
    }
    return all;
  }

  private static final List<String> OF_COLUMNS =
      List.of("$", "$[0]", "$[-1]", "$[2,0]", "$[1:2]", "$[1:]", "$[:2]", "$[0,-1]", "$[-2:]");

  /** The model answers a record with two columns. */
  private static final List<String> OF_ANSWERS = List.of("$", "$[0]", "$[-1]", "$[0,-1]", "$[-2:]");

  private record OfRows(String input, boolean isJoined, String output)
      implements Filters<List<String>> {
    static OfRows random(Random random) {
      boolean isJoined = random.nextBoolean();
      return new OfRows(
          any(random, OF_COLUMNS), isJoined, any(random, isJoined ? OF_COLUMNS : OF_ANSWERS));
    }

    @Override
    public String sent(List<String> row) {
      return select(row, input);
    }

    @Override
    public String output(List<String> row, String answer) {
      var all = new ArrayList<>(isJoined ? row : List.of());
      all.addAll(List.of(answer.split(",", -1)));
      return select(all, output);
    }

    private static String select(List<String> row, String path) {
      return columns(path, row.size()).stream().map(row::get).collect(Collectors.joining(","));
    }
  }

  private record OfMembers(String input, boolean isJoined, String output)
      implements Filters<Map<String, String>> {
    static OfMembers random(Random random) {
      boolean isJoined = random.nextBoolean();
      return new OfMembers(
          any(random, List.of("$", "$.a", "$['c','a']", "$.b")),
          isJoined,
          any(
              random,
              isJoined
                  ? List.of("$", "$.SageMakerOutput", "$['SageMakerOutput','b']", "$.c")
                  : List.of("$", "$.n", "$['crc','n']")));
    }

    @Override
    public String sent(Map<String, String> record) {
      return select(record, input);
    }

    @Override
    public String output(Map<String, String> record, String answer) {
      if (!isJoined) {
        String[] parts = answer.split(",", -1);
        return select(members("n", parts[0], "crc", parts[1]), output);
      }
      var joined = new LinkedHashMap<>(record);
      joined.put("SageMakerOutput", json(answer));
      return select(joined, output);
    }

    private static String select(Map<String, String> record, String path) {
      if (path.equals("$")) {
        return object(record);
      }
      if (path.startsWith("$.")) {
        return record.get(path.substring(2));
      }
      var some = new LinkedHashMap<String, String>();
      for (String name : path.replaceAll("[$\\[\\]']", "").split(",", -1)) {
        some.put(name, record.get(name));
      }
      return object(some);
    }
  }

  private static Map<String, String> members(String... namesAndValues) {
    var members = new LinkedHashMap<String, String>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      members.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return members;
  }

  private static String object(Map<String, String> members) {
    return members.entrySet().stream()
        .map(member -> "\"%s\":%s".formatted(member.getKey(), member.getValue()))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static <T> T any(Random random, List<T> some) {
    return some.get(random.nextInt(some.size()));
  }

  private static List<String> row(Random random) {
    var row = new ArrayList<String>();
    for (int i = 0; i < COLUMNS; i++) {
      row.add(
          any(
              random,
              List.of(
                  "",
                  "1",
                  " x ",
                  "é漢",
                  "0.50",
                  "\"a,b\"",
                  "\"\"",
                  "\"say \"\"é\"\"\"",
                  "\"two\nlines\"",
                  "\"\r\n,\"")));
    }
    return row;
  }

  private static Map<String, String> object(Random random) {
    List<String> values =
        List.of(
            "1",
            "-2.50",
            "1E+2",
            "\"é漢 \\\"q\\\"\\n\"",
            "null",
            "true",
            "[1,[2.0,\"x\"]]",
            "{\"z\":{},\"y\":[]}",
            "\"" + "long ".repeat(random.nextInt(40)) + "\"");
    return members("b", any(random, values), "a", any(random, values), "c", any(random, values));
  }

  @ParameterizedTest
  @MethodSource("dev.berth.transform.job.Seeds#all")
  void rows_are_filtered_and_joined_as_their_columns_say(long seed) {
    var random = new Random(seed);
    OfRows filters = OfRows.random(random);
    var rows = new ArrayList<List<String>>();
    for (int i = random.nextInt(4000); i >= 0; i--) {
      rows.add(row(random));
    }
    String end = any(random, List.of("\n", "\r\n"));
    String text = rows.stream().map(row -> String.join(",", row)).collect(Collectors.joining(end));

    String output =
        output(
            random,
            "text/csv",
            text + (random.nextBoolean() ? end : ""),
            DataProcessing.builder()
                .inputFilter(filters.input())
                .joinSource(filters.isJoined() ? JoinSource.INPUT : JoinSource.NONE)
                .outputFilter(filters.output()));

    assertThat(output).as("%s", filters).isEqualTo(expected(filters, rows));
  }

  @ParameterizedTest
  @MethodSource("dev.berth.transform.job.Seeds#all")
  void json_lines_are_filtered_and_joined_as_their_members_say(long seed) {
    var random = new Random(seed);
    OfMembers filters = OfMembers.random(random);
    var records = new ArrayList<Map<String, String>>();
    for (int i = random.nextInt(4000); i >= 0; i--) {
      records.add(object(random));
    }
    String text =
        records.stream().map(RandomProcessingTest::object).collect(Collectors.joining("\n"));

    String output =
        output(
            random,
            "application/jsonlines",
            text + (random.nextBoolean() ? "\n" : ""),
            DataProcessing.builder()
                .inputFilter(filters.input())
                .joinSource(filters.isJoined() ? JoinSource.INPUT : JoinSource.NONE)
                .outputFilter(filters.output()));

    assertThat(output).as("%s", filters).isEqualTo(expected(filters, records));
  }

  private static <R> String expected(Filters<R> filters, List<R> records) {
    return records.stream()
        .map(record -> filters.output(record, answer(filters.sent(record))) + "\n")
        .collect(Collectors.joining());
  }

  private String output(
      Random random, String type, String content, DataProcessing.Builder processing) {
    var s3 = new MemoryS3();
    s3.put("s3://b/in/a", content.getBytes(StandardCharsets.UTF_8));
    boolean isSingle = random.nextInt(3) == 0;
    try (var jobs = new Jobs(data, s3, new FakeRuntime((_, request) -> answer(type, request)))) {
      String name =
          jobs.create(
              Jobs.request("processing")
                  .transformInput(Jobs.input().contentType(type).splitType(SplitType.LINE).build())
                  .transformOutput(
                      TransformOutput.builder()
                          .s3OutputPath("s3://b/out")
                          .accept(type)
                          .assembleWith(AssemblyType.LINE)
                          .build())
                  .batchStrategy(
                      isSingle ? BatchStrategy.SINGLE_RECORD : BatchStrategy.MULTI_RECORD)
                  .maxPayloadInMB(1)
                  .maxConcurrentTransforms(1 + random.nextInt(8))
                  .dataProcessing(processing.build())
                  .build());
      var ended = jobs.ended(name);
      assertThat(ended.transformJobStatus())
          .as("%s", ended)
          .isEqualTo(TransformJobStatus.COMPLETED);
    }
    return new String(s3.get("s3://b/out/a.out"), StandardCharsets.UTF_8);
  }

  /** Answers each record of a request by its length and checksum. */
  private static ModelResponse answer(String type, ModelRequest request) {
    byte[] body = new byte[request.body().remaining()];
    request.body().get(request.body().position(), body);
    Seeds.answerUnevenly(body);
    var out = new StringBuilder();
    String text = new String(body, StandardCharsets.UTF_8);
    boolean isCsv = type.equals("text/csv");
    for (String record : isCsv ? rows(text) : List.of(text.split("\n", -1))) {
      String answer = answer(record);
      out.append(isCsv ? answer : json(answer)).append('\n');
    }
    return new ModelResponse(
        200, type, ByteBuffer.wrap(out.toString().getBytes(StandardCharsets.UTF_8)));
  }

  private static String answer(String record) {
    byte[] bytes = record.getBytes(StandardCharsets.UTF_8);
    var crc = new CRC32();
    crc.update(bytes);
    return bytes.length + "," + crc.getValue();
  }

  private static String json(String answer) {
    String[] parts = answer.split(",", -1);
    return object(members("n", parts[0], "crc", parts[1]));
  }

  /** Divides at line ends that no quote is open at. */
  private static List<String> rows(String body) {
    var records = new ArrayList<String>();
    int from = 0;
    boolean isQuoted = false;
    for (int i = 0; i < body.length(); i++) {
      isQuoted ^= body.charAt(i) == '"';
      if (body.charAt(i) == '\n' && !isQuoted) {
        records.add(body.substring(from, i).replaceAll("\r\\z", ""));
        from = i + 1;
      }
    }
    records.add(body.substring(from).replaceAll("\r\\z", ""));
    return records;
  }
}
