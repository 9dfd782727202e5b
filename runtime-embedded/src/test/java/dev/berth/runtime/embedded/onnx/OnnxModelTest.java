package dev.berth.runtime.embedded.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.runtime.embedded.Fixtures;
import dev.berth.runtime.embedded.tree.ModelLoadException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The models and expected values come from {@code src/test/python/make_onnx_models.py}. */
class OnnxModelTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MANY = 500;
  private static final int LARGE_REQUEST_ROWS = 200_000;
  private static final String TYPED =
      """
      {"id": "r-1", "parameters": {"a": [1, {"b": 2}]}, "inputs": [
        {"name": "price", "shape": [2, 2], "datatype": "FP32", "data": [[1.5, 2], [3, 4]]},
        {"name": "count", "datatype": "INT64", "shape": [2, 2], "data": [2, 3, 4, 5]},
        {"data": [[true], [false]], "name": "member", "shape": [2, 1], "datatype": "BOOL"},
        {"name": "code", "shape": [2], "datatype": "BYTES", "data": ["ä", ""]}]}
      """;

  private final Map<String, OnnxModel> open = new HashMap<>();

  @AfterEach
  void close() {
    open.values().forEach(OnnxModel::close);
  }

  @Test
  void several_typed_inputs_give_several_typed_outputs() throws IOException {
    assertThat(JSON.readTree(text(ok(json("typed", TYPED)))))
        .isEqualTo(
            JSON.readTree(
                """
                {"model_name": "model", "id": "r-1", "outputs": [
                  {"name": "total", "datatype": "FP32", "shape": [2, 2],
                   "data": [2.25, 4.5, 12.0, 20.0]},
                  {"name": "code_out", "datatype": "BYTES", "shape": [2], "data": ["ä", ""]},
                  {"name": "guest", "datatype": "BOOL", "shape": [2, 1], "data": [false, true]},
                  {"name": "twice", "datatype": "INT64", "shape": [2, 2], "data": [4, 6, 8, 10]}]}
                """));
  }

  @Test
  void each_of_json_lines_is_a_request_of_its_own() throws IOException {
    String line = TYPED.replace("\n", "");

    String answer =
        text(
            ok(
                invoke(
                    "typed",
                    "application/jsonlines",
                    "application/jsonlines",
                    "%s\n\n%s".formatted(line, line.replace("r-1", "r-é")))));

    String one = text(ok(json("typed", TYPED)));
    assertThat(answer).isEqualTo("%s\n%s\n".formatted(one, one.replace("r-1", "r-é")));
  }

  @Test
  void a_second_json_object_is_refused_and_not_dropped() {
    ModelResponse answer = json("typed", TYPED + TYPED);

    assertThat(answer.status()).isEqualTo(400);
    assertThat(text(answer)).contains("application/jsonlines");
  }

  @Test
  void only_the_outputs_asked_for_are_answered_in_their_order() throws IOException {
    String request =
        TYPED.replace(
            "{\"id\"", "{\"outputs\": [{\"name\": \"twice\"}, {\"name\": \"guest\"}], \"id\"");
    JsonNode outputs = JSON.readTree(text(ok(json("typed", request)))).get("outputs");
    assertThat(outputs)
        .extracting(output -> output.get("name").asText())
        .containsExactly("twice", "guest");
  }

  @Test
  void the_narrow_and_wide_types_go_through_unchanged() throws IOException {
    String request =
        """
        {"inputs": [
          {"name": "uint8", "shape": [2], "datatype": "UINT8", "data": [0, 255]},
          {"name": "int8", "shape": [2], "datatype": "INT8", "data": [-128, 127]},
          {"name": "int16", "shape": [2], "datatype": "INT16", "data": [-32768, 32767]},
          {"name": "int32", "shape": [2], "datatype": "INT32", "data": [-2147483648, 2147483647]},
          {"name": "float16", "shape": [2], "datatype": "FP16", "data": [0.5, -65504]},
          {"name": "double", "shape": [2], "datatype": "FP64", "data": [1e300, 0.1]}]}
        """;
    JsonNode outputs = JSON.readTree(text(ok(json("widths", request)))).get("outputs");
    assertThat(outputs)
        .extracting(output -> output.get("datatype").asText() + output.get("data"))
        .containsExactly(
            "UINT8[0,255]",
            "INT8[-128,127]",
            "INT16[-32768,32767]",
            "INT32[-2147483648,2147483647]",
            "FP16[0.5,-65504.0]",
            "FP64[1.0E300,0.1]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"price\"|\"prize\"|there is no input 'prize': the model has 'price' FP32 [-1, 2]",
        "\"FP32\"|\"FP64\"|input 'price' does not fit: expected FP32 [-1, 2], got FP64 [2, 2]",
        "[2, 2], \"datatype\": \"FP32\"|[2, 3], \"datatype\": \"FP32\"|input 'price' does not fit:"
            + " expected FP32 [-1, 2], got FP32 [2, 3]",
        "[2, 3, 4, 5]|[2, 3, 4]|data of input 'count' does not fit its shape [2, 2]: expected 4"
            + " elements, it has 3",
        "[2, 3, 4, 5]|[2, 3, 4, 5, 6]|expected 4 elements, it has more",
        "[2, 3, 4, 5]|[2, 3, 4, 5.5]|element 3 of input 'count' does not fit INT64: expected a"
            + " whole number from -9223372036854775808 to 9223372036854775807, got 5.5",
        "[[1.5, 2], [3, 4]]|[[1.5], [2, 3, 4]]|data of input 'price' is not nested as its shape [2,"
            + " 2] says: it has a list of 1 in dimension 2, before element 1",
        "[[1.5, 2], [3, 4]]|[[1.5, \"2\"], [3, 4]]|element 1 of input 'price' does not fit FP32:"
            + " expected a number, got 2",
        "[[true], [false]]|[[1], [0]]|element 0 of input 'member' does not fit BOOL: expected true"
            + " or false, got 1",
        "\"shape\": [2], \"datatype\": \"BYTES\"|\"shape\": [9000000000], \"datatype\":"
            + " \"BYTES\"|input 'code' has fewer elements than its shape [9000000000] says",
        "{\"name\": \"code\"|{\"name\": \"price\"|input 'price' does not fit",
        "\"inputs\"|\"input\"|'inputs' is missing; expected",
        "[true], [false]|[true], [false|the body is not JSON: ",
        "{\"id\"|{\"outputs\": [{\"name\": \"x\"}], \"id\"|there is no output 'x': the model has"
            + " [total, code_out, guest, twice]"
      })
  void a_request_that_does_not_fit_is_refused_by_name_with_what_was_expected(
      String there, String instead, String message) {
    assertThat(TYPED).contains(there);
    ModelResponse answer = json("typed", TYPED.replace(there, instead));
    assertThat(text(answer)).contains(message);
    assertThat(answer.status()).isEqualTo(400);
  }

  @Test
  void a_missing_input_is_refused_by_name() {
    ModelResponse answer =
        json(
            "typed",
            """
            {"inputs": [{"name": "code", "shape": [1], "datatype": "BYTES", "data": ["a"]}]}
            """);
    assertThat(text(answer))
        .isEqualTo("input 'price' is missing: expected FP32 [-1, 2]; got [code]");
  }

  @Test
  void sizes_that_do_not_go_together_are_the_callers_error() {
    ModelResponse answer =
        json(
            "typed",
            TYPED
                .replace(
                    "[2], \"datatype\": \"BYTES\", \"data\": [\"ä\", \"\"]",
                    "[1], \"datatype\": \"BYTES\", \"data\": [\"a\"]")
                .replace("[2, 2], \"data\": [2, 3, 4, 5]", "[3, 2], \"data\": [2, 3, 4, 5, 6, 7]"));
    assertThat(answer.status()).isBetween(400, 599);
    assertThat(text(answer)).startsWith("The model failed on this payload: ");
  }

  @Test
  void a_list_of_maps_from_class_to_probability_becomes_a_tensor_with_labels() throws IOException {
    JsonNode output =
        JSON.readTree(text(ok(json("classifier_names", matrix("X", expected("rows"))))))
            .get("outputs")
            .get(1);
    assertThat(output.get("parameters").toString())
        .isEqualTo("{\"labels\":[\"setosa\",\"versicolor\",\"virginica\"]}");
    assertThat(output.get("shape").toString()).isEqualTo("[3,3]");
    assertThat(numbers(output.get("data")))
        .containsExactly(flat(expected("probabilities")), within(1e-6));
  }

  @ParameterizedTest
  @CsvSource({"classifier", "classifier_zipmap", "classifier_names"})
  void csv_rows_get_the_last_floating_point_output(String model) throws IOException {
    ModelResponse answer = ok(invoke(model, "text/csv", null, csv(expected("rows"))));
    assertThat(answer.contentType()).isEqualTo("text/csv; charset=utf-8");
    double[] given =
        text(answer)
            .lines()
            .flatMap(line -> List.of(line.split(",", -1)).stream())
            .mapToDouble(Double::parseDouble)
            .toArray();
    assertThat(given).containsExactly(flat(expected("probabilities")), within(1e-6));
    assertThat(text(answer).lines()).hasSize(3);
  }

  @Test
  void csv_rows_get_json_when_it_is_asked_for() throws IOException {
    String rows =
        StreamSupport.stream(expected("rows").spliterator(), false)
            .map(row -> row.get(0) + "," + row.get(1) + "," + row.get(2))
            .reduce("", (all, row) -> all + row + "\n");
    ModelResponse answer = ok(invoke("mlp", "text/csv", "application/json", rows));
    double[] scores = numbers(JSON.readTree(text(answer)).findValues("score"));
    assertThat(scores).containsExactly(flat(expected("widths")), within(1e-5));
  }

  @Test
  void csv_of_the_wrong_width_is_refused_with_the_width_expected() {
    ModelResponse answer = invoke("mlp", "text/csv", null, "1,2\n");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(text(answer)).contains("'X' expects FP32 [-1, 3], got csv of 1 rows and 2 columns");
  }

  @Test
  void csv_for_a_model_with_several_inputs_is_refused_with_what_to_send() {
    ModelResponse answer = invoke("typed", "text/csv", null, "1,2\n");
    assertThat(answer.status()).isEqualTo(415);
    assertThat(text(answer)).contains("'count' INT64 [-1, 2]").contains("application/json");
  }

  @Test
  void a_content_type_it_does_not_know_is_415_and_an_accept_406() {
    assertThat(invoke("typed", "image/png", null, "x").status()).isEqualTo(415);
    assertThat(invoke("typed", "application/json", "image/png", TYPED).status()).isEqualTo(406);
  }

  @Test
  void weights_in_a_second_file_are_found() throws IOException {
    String answer =
        text(
            ok(
                json(
                    "external",
                    """
                    {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 0, 2]}]}
                    """)));
    assertThat(JSON.readTree(answer).at("/outputs/0/data").toString())
        .isEqualTo("[16.0,19.0,22.0,25.0]");
  }

  @Test
  void nan_goes_in_and_out_as_python_writes_it() {
    String answer =
        text(
            ok(
                json(
                    "external",
                    """
                    {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [NaN, 0, 2]}]}
                    """)));
    assertThat(answer).contains("\"data\":[NaN,NaN,NaN,NaN]");
  }

  @Test
  void many_threads_get_the_same_answer_at_a_time() throws Exception {
    String alone = text(ok(json("typed", TYPED)));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> calls = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        calls.add(() -> text(json("typed", TYPED)));
      }
      for (Future<String> answer : threads.invokeAll(calls)) {
        assertThat(answer.get()).isEqualTo(alone);
      }
    }
  }

  @Test
  void a_closed_model_answers_503_and_may_be_closed_again() {
    OnnxModel model = OnnxModels.load(Fixtures.onnx("typed"), false);
    model.close();
    model.close();
    assertThat(model.invoke(request("application/json", null, TYPED)).status()).isEqualTo(503);
  }

  @Test
  void closing_lets_running_invocations_end_and_turns_later_ones_away() throws Exception {
    for (int round = 0; round < 20; round++) {
      OnnxModel model = OnnxModels.load(Fixtures.onnx("typed"), false);
      var started = new CountDownLatch(4);
      try (var threads = Executors.newFixedThreadPool(4)) {
        List<Future<List<Integer>>> statuses = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          statuses.add(threads.submit(() -> invokeUntilRefused(model, started)));
        }
        started.await();
        model.close();
        for (Future<List<Integer>> given : statuses) {
          assertThat(given.get()).containsOnly(200, 503).endsWith(503);
        }
      }
    }
  }

  private static List<Integer> invokeUntilRefused(OnnxModel model, CountDownLatch started) {
    var statuses = new ArrayList<Integer>();
    do {
      statuses.add(model.invoke(request("application/json", null, TYPED)).status());
      if (statuses.size() == 1) {
        started.countDown();
      }
    } while (statuses.getLast() == 200);
    return statuses;
  }

  @Test
  void a_directory_without_a_model_says_what_it_holds(@TempDir Path directory) throws IOException {
    Files.writeString(directory.resolve("readme.txt"), "");
    assertThatThrownBy(() -> OnnxModels.load(directory, false))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("found no *.onnx file in the model data, which holds [readme.txt]");
  }

  @Test
  void a_model_below_the_root_says_where_to_put_it(@TempDir Path directory) throws IOException {
    Files.createDirectories(directory.resolve("a"));
    Files.writeString(directory.resolve("a/model.onnx"), "");
    assertThatThrownBy(() -> OnnxModels.load(directory, false))
        .hasMessageContaining("a/model.onnx")
        .hasMessageContaining("put it at the archive's root");
  }

  @Test
  void several_models_without_one_named_model_say_so(@TempDir Path directory) throws IOException {
    Files.writeString(directory.resolve("a.onnx"), "");
    Files.writeString(directory.resolve("b.onnx"), "");
    assertThatThrownBy(() -> OnnxModels.load(directory, false))
        .hasMessageContaining("found 2 ONNX files and none is 'model.onnx': [a.onnx, b.onnx]");
  }

  @Test
  void a_file_that_is_no_model_is_named(@TempDir Path directory) throws IOException {
    Files.writeString(directory.resolve("iris.onnx"), "not protobuf");
    assertThatThrownBy(() -> OnnxModels.load(directory, false))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageStartingWith("could not load 'iris.onnx': ");
  }

  private ModelResponse json(String model, String body) {
    return invoke(model, "application/json", null, body);
  }

  private ModelResponse invoke(String model, String contentType, String accept, String body) {
    return open.computeIfAbsent(model, name -> OnnxModels.load(Fixtures.onnx(name), false))
        .invoke(request(contentType, accept, body));
  }

  private static ModelRequest request(String contentType, String accept, String body) {
    return new ModelRequest(contentType, accept, null, StandardCharsets.UTF_8.encode(body));
  }

  private static ModelResponse ok(ModelResponse answer) {
    assertThat(answer.status()).as(() -> text(answer)).isEqualTo(200);
    return answer;
  }

  private static String text(ModelResponse answer) {
    return StandardCharsets.UTF_8.decode(answer.body().duplicate()).toString();
  }

  private static JsonNode expected(String name) throws IOException {
    return JSON.readTree(Fixtures.onnx("expected.json").toFile()).get(name);
  }

  private static String matrix(String input, JsonNode rows) {
    return "{\"inputs\": [{\"name\": \"%s\", \"shape\": [%d, %d], \"datatype\": \"FP32\", \"data\": %s}]}"
        .formatted(input, rows.size(), rows.get(0).size(), rows);
  }

  private static String csv(JsonNode rows) {
    var csv = new StringBuilder();
    for (JsonNode row : rows) {
      csv.append(row.toString().replaceAll("[\\[\\]]", "")).append('\n');
    }
    return csv.toString();
  }

  private static double[] flat(JsonNode nested) {
    return nested.isArray()
        ? StreamSupport.stream(nested.spliterator(), false)
            .flatMapToDouble(element -> java.util.Arrays.stream(flat(element)))
            .toArray()
        : new double[] {nested.asDouble()};
  }

  private static double[] numbers(Iterable<JsonNode> nodes) {
    return StreamSupport.stream(nodes.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  /** The JVM takes and gives native memory as well: hence wide bounds around a wide difference. */
  @Test
  void what_one_of_many_is_counted_with_is_what_it_takes() throws Exception {
    Path directory = Fixtures.onnx("mlp");
    OnnxModels.load(directory, true).close(); // the runtime itself, once
    long before = nativeBytes();
    List<OnnxModel> many =
        IntStream.range(0, MANY).mapToObj(_ -> OnnxModels.load(directory, true)).toList();
    long taken = nativeBytes() - before;
    long counted = many.stream().mapToLong(OnnxModel::memoryBytes).sum();
    many.forEach(OnnxModel::close);
    assertThat(counted).isGreaterThan(MANY * 10 * Files.size(directory.resolve("model.onnx")));
    assertThat(counted).isBetween(taken / 2, taken * 2);
    await().untilAsserted(() -> assertThat(nativeBytes() - before).isLessThan(taken / 2));
  }

  @Test
  void one_of_many_keeps_nothing_of_a_large_request() {
    try (OnnxModel model = OnnxModels.load(Fixtures.onnx("mlp"), true)) {
      String row = "1,2,3\n";
      invoke(model, row);
      long before = nativeBytes();
      assertThat(invoke(model, row.repeat(LARGE_REQUEST_ROWS)))
          .hasSizeGreaterThan(LARGE_REQUEST_ROWS);
      await() // an arena keeps 170 bytes a row
          .untilAsserted(
              () -> assertThat(nativeBytes() - before).isLessThan(50L * LARGE_REQUEST_ROWS));
    }
  }

  private static String invoke(OnnxModel model, String csv) {
    var body = StandardCharsets.UTF_8.encode(csv);
    return StandardCharsets.UTF_8
        .decode(model.invoke(new ModelRequest("text/csv", null, null, body)).body())
        .toString();
  }

  private static long nativeBytes() {
    OptionalLong bytes = NativeHeap.usedBytes();
    assumeThat(bytes).as("glibc tells what is in use").isPresent();
    return bytes.getAsLong();
  }
}
