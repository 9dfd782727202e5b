package dev.berth.runtime.embedded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The expected texts are those of AWS's container: {@code serve.py} and {@code serve_utils.py}. */
class TabularServingTest {
  private static final String CSV_FAILURE =
      "Loading csv data failed with Exception, please ensure data is in csv format:\n ";
  private final TabularServing regression = serving(3, 1, "reg:squarederror", Map.of());
  private final TabularServing classes = serving(3, 3, "multi:softprob", Map.of());

  @Test
  void csv_gets_a_line_for_each_row() {
    ModelResponse answer = invoke(regression, "text/csv", null, "0.5,0.01,0\n1,2,3");
    assertThat(answer.contentType()).isEqualTo("text/csv; charset=utf-8");
    assertThat(text(answer)).isEqualTo("0.5099999904632568\n6.0\n");
  }

  @Test
  void classes_are_joined_by_commas() {
    assertThat(text(invoke(classes, "text/csv", "text/csv", "1,2,3\n1,,3\n")))
        .isEqualTo("6.0,0.0,0.25\n4.0,1.0,0.25\n");
  }

  @Test
  void json_has_a_score_for_each_row() {
    ModelResponse answer = invoke(regression, "text/csv", "application/json", "1,2,3\n0.5,0.01,0");
    assertThat(answer.contentType()).isEqualTo("application/json");
    assertThat(text(answer))
        .isEqualTo("{\"predictions\": [{\"score\": 6.0}, {\"score\": 0.5099999904632568}]}");
  }

  @Test
  void json_has_a_list_of_scores_for_classes() {
    assertThat(text(invoke(classes, "text/csv", "Application/JSON;verbose=true", "1,2,3")))
        .isEqualTo("{\"predictions\": [{\"score\": [6.0, 0.0, 0.25]}]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1,2,3\n1,,3",
        "1\t2\t3\n1\t\t3",
        "1;2;3\r\n1;;3\r\n",
        "1|2|3\n1||3",
        "1 2 3\n1  3\n",
        "\n 1, 2, 3\n1, ,3\n\n",
        "\"1\",\"2\",3\n1,\"\",3",
        "+1,2.0,3e0\n1,nan,3"
      })
  void every_delimiter_and_layout_reads_as_the_same_rows(String body) {
    assertThat(text(invoke(classes, "text/csv", null, body)))
        .isEqualTo("6.0,0.0,0.25\n4.0,1.0,0.25\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "1,2,3\\n4,5,6\\n7,abc,9 # row 3, column 2: 'abc' is not a number",
        "age,sex,x\\n1,2,3 # row 1, column 1: 'age' is not a number (a header line is not allowed)",
        "1,2,3\\n1,2 # row 2 has 2 columns where row 1 has 3",
        "1,2,3\\n\\n1,2,3 # row 2 has 1 columns where row 1 has 3",
        "1,2,3\\n1,2,3,4,5 # row 2 has 5 columns where row 1 has 3",
        "1,1e39,3 # row 1, column 2: '1e39' is infinite or too large for a 32-bit float",
        "1,0x1p3,3 # row 1, column 2: '0x1p3' is not a number (a header line is not allowed)",
        "1,\"2,3 # row 1, column 2: '\"2,3' is not a number (a header line is not allowed)",
        "{\"a\": 1} # row 1, column 1: '{\"a\":' is not a number (a header line is not allowed)",
        "' \\n ' # the body is blank"
      })
  void a_bad_cell_is_415_with_its_row_and_column(String body, String reason) {
    ModelResponse answer = invoke(regression, "text/csv", null, body.replace("\\n", "\n"));
    assertThat(text(answer)).isEqualTo(CSV_FAILURE + reason);
    assertThat(answer.status()).isEqualTo(415);
  }

  @Test
  void bytes_that_are_no_text_are_415() {
    byte[] noise = {(byte) 0xff, 0, 1, ',', (byte) 0xfe, '\n'};
    ModelResponse answer =
        regression.invoke(new ModelRequest("text/csv", null, null, ByteBuffer.wrap(noise)));
    assertThat(answer.status()).isEqualTo(415);
  }

  @Test
  void a_direct_buffer_and_a_slice_of_an_array_read_alike() {
    byte[] padded = "xx1,2,3yy".getBytes(StandardCharsets.UTF_8);
    ByteBuffer slice = ByteBuffer.wrap(padded, 2, 5).slice();
    ByteBuffer direct = ByteBuffer.allocateDirect(9).put(padded).position(2).limit(7);
    for (ByteBuffer body : new ByteBuffer[] {slice, direct, slice.asReadOnlyBuffer()}) {
      assertThat(text(regression.invoke(new ModelRequest("text/csv", null, null, body))))
          .isEqualTo("6.0\n");
    }
  }

  @Test
  void too_many_columns_are_400_with_both_sizes() {
    ModelResponse answer = invoke(regression, "text/csv", null, "1,2,3,4");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(text(answer))
        .isEqualTo(
            "Unable to evaluate payload provided: Feature size of csv inference data 4 is not"
                + " consistent with feature size of trained model 3.");
  }

  @Test
  void one_column_fewer_is_let_through_as_the_container_does() {
    assertThat(text(invoke(classes, "text/csv", null, "1,2"))).isEqualTo("3.0,1.0,0.25\n");
    assertThat(invoke(classes, "text/csv", null, "1").status()).isEqualTo(400);
  }

  @Test
  void libsvm_is_read_with_and_without_labels_and_missing_is_not_zero() {
    assertThat(
            text(invoke(classes, "text/libsvm", null, "1 0:1 2:3\n0 0:0 1:0 2:0\n0:1.5 2:1.5\n")))
        .isEqualTo("4.0,1.0,0.25\n0.0,0.0,0.25\n3.0,1.0,0.25\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"libsvm", "text/x-libsvm", "text/libsvm ;charset=utf8"})
  void libsvm_has_several_names(String contentType) {
    assertThat(text(invoke(regression, contentType, null, "0:1 2:3"))).isEqualTo("4.0\n");
  }

  @Test
  void no_content_type_means_libsvm() {
    assertThat(text(invoke(regression, null, null, "0:1 2:3"))).isEqualTo("4.0\n");
  }

  @Test
  void csv_without_a_content_type_is_415_that_names_the_header() {
    ModelResponse answer = invoke(regression, null, null, "1,2,3");
    assertThat(answer.status()).isEqualTo(415);
    assertThat(text(answer)).contains("no index:value pair in '1,2,3'").contains("Content-Type");
  }

  @Test
  void an_index_the_model_does_not_have_is_400() {
    ModelResponse answer = invoke(regression, "text/libsvm", null, "0:1 3:3");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(text(answer))
        .isEqualTo(
            "Unable to evaluate payload provided: Feature size of libsvm inference data 4 is larger"
                + " than feature size of trained model 3.");
    assertThat(invoke(regression, "text/libsvm", null, "0:1 99999999999:3").status())
        .isEqualTo(400);
  }

  @Test
  void indices_from_one_are_shifted_only_where_the_containers_version_does() {
    var shifting = new TabularServing(new SumModel(3, 3, "multi:softprob"), Map.of(), true);
    assertThat(text(invoke(shifting, "text/libsvm", null, "1:1 3:3"))).isEqualTo("4.0,1.0,0.25\n");
    assertThat(invoke(classes, "text/libsvm", null, "1:1 3:3").status()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0:1\\n0:x|row 2: '0:x' has no number after its colon",
        "0:1 qid:3|row 1: 'qid:3' has no whole number before its colon",
        "0:1 -1:3|row 1: '-1:3' has no whole number before its colon",
        "0: |row 1: '0:' has no finite 32-bit float after its colon",
        ":1|row 1: ':1' has no index before its colon"
      })
  void a_bad_libsvm_pair_is_415_with_its_row(String body, String reason) {
    ModelResponse answer = invoke(regression, "text/libsvm", null, body.replace("\\n", "\n"));
    assertThat(text(answer)).endsWith(reason);
    assertThat(answer.status()).isEqualTo(415);
  }

  /** Field by field as SageMaker's record.proto lays them out. */
  @Test
  void recordio_protobuf_is_read_dense_and_sparse() {
    byte[] dense = features("120e0a0c0000803f0000004000004040", 1);
    byte[] sparse = features("12110a080000803f00004040120200021a0103", 1);
    var body = new ByteArrayOutputStream();
    body.writeBytes(dense);
    body.writeBytes(sparse);
    ModelResponse answer =
        classes.invoke(
            new ModelRequest(
                "application/x-recordio-protobuf",
                null,
                null,
                ByteBuffer.wrap(body.toByteArray())));
    assertThat(text(answer)).isEqualTo("6.0,0.0,0.25\n4.0,1.0,0.25\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "0a23d7ce", "0a23d7ceff000000aabb", "ffffffff0000000000"})
  void what_is_no_recordio_is_415(String hex) {
    ModelResponse answer =
        regression.invoke(
            new ModelRequest(
                "recordio-protobuf", null, null, ByteBuffer.wrap(HexFormat.of().parseHex(hex))));
    assertThat(answer.status()).isEqualTo(415);
  }

  @Test
  void an_empty_body_is_204() {
    assertThat(invoke(regression, "text/csv", null, "").status()).isEqualTo(204);
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "text/csv; label_size=2", "image/png", ""})
  void another_content_type_is_415(String contentType) {
    ModelResponse answer = invoke(regression, contentType, null, "1,2,3");
    assertThat(answer.status()).isEqualTo(415);
    assertThat(text(answer)).contains("is not an accepted");
  }

  @ParameterizedTest
  @ValueSource(strings = {"csv", "text/csv; label_size=1; charset=utf-8", "TEXT/CSV"})
  void csv_has_several_names(String contentType) {
    assertThat(text(invoke(regression, contentType, "*/*", "1,2,3"))).isEqualTo("6.0\n");
  }

  @Test
  void another_accept_is_406_that_lists_what_there_is() {
    ModelResponse answer = invoke(regression, "text/csv", "text/html", "1,2,3");
    assertThat(answer.status()).isEqualTo(406);
    assertThat(text(answer))
        .isEqualTo(
            "Accept type text/html is not supported. Please use supported accept types:"
                + " ['application/json', 'application/jsonlines',"
                + " 'application/x-recordio-protobuf', 'text/csv'].");
  }

  @Test
  void a_bad_payload_comes_before_a_bad_accept() {
    assertThat(invoke(regression, "text/csv", "text/html", "a,b").status()).isEqualTo(415);
  }

  @Test
  void json_lines_have_an_encoder_in_selectable_mode_only() {
    assertThat(invoke(regression, "text/csv", "application/jsonlines", "1,2,3").status())
        .isEqualTo(500);
  }

  @Test
  void the_default_accept_comes_from_the_environment() {
    var serving =
        serving(
            3,
            1,
            "reg:squarederror",
            Map.of("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json"));
    assertThat(text(invoke(serving, "text/csv", null, "1,2,3")))
        .isEqualTo("{\"predictions\": [{\"score\": 6.0}]}");
  }

  @Test
  void a_closed_model_is_503() {
    var serving = serving(3, 1, "reg:squarederror", Map.of());
    serving.close();
    assertThat(invoke(serving, "text/csv", null, "1,2,3").status()).isEqualTo(503);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "text/csv # 1,\"[0.3999999761581421, 0.6000000238418579]\"\\n0,\"[0.75, 0.25]\"",
        "application/json # {\"predictions\": [{\"predicted_label\": 1, \"probabilities\":"
            + " [0.3999999761581421, 0.6000000238418579]}, {\"predicted_label\": 0,"
            + " \"probabilities\": [0.75, 0.25]}]}",
        "application/jsonlines # {\"predicted_label\": 1, \"probabilities\": [0.3999999761581421,"
            + " 0.6000000238418579]}\\n{\"predicted_label\": 0, \"probabilities\": [0.75, 0.25]}\\n"
      })
  void selectable_inference_answers_the_keys_asked_for(String accept, String expected) {
    var serving = selecting("binary:logistic", 1, "predicted_label, probabilities");
    assertThat(text(invoke(serving, "text/csv", accept, "0.6,0,0\n0.25,0,0")))
        .isEqualTo(expected.replace("\\n", "\n"));
  }

  @Test
  void selectable_csv_keeps_the_order_asked_for_and_says_nan_for_what_does_not_fit() {
    var serving = selecting("binary:logistic", 1, "probability,predicted_score,labels,RAW_SCORE");
    assertThat(text(invoke(serving, "text/csv", "text/csv", "0.25,0,0")))
        .isEqualTo("0.25,nan,\"[0, 1]\",0.25");
  }

  @Test
  void selectable_inference_of_classes_picks_the_best() {
    var serving =
        selecting("multi:softprob", 3, "predicted_label,labels,probability,probabilities");
    assertThat(text(invoke(serving, "text/csv", "application/json", "0.125,,0")))
        .isEqualTo(
            "{\"predictions\": [{\"predicted_label\": 1, \"labels\": [0, 1, 2], \"probability\":"
                + " 1.0, \"probabilities\": [0.125, 1.0, 0.25]}]}");
  }

  @Test
  void selectable_inference_of_an_objective_without_keys_is_500() {
    var serving = selecting("rank:pairwise", 1, "predicted_label");
    ModelResponse answer = invoke(serving, "text/csv", "text/csv", "0,0,0");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(text(answer))
        .isEqualTo("Objective `rank:pairwise` unsupported for selectable inference predictions.");
  }

  @Test
  void selectable_recordio_has_a_record_for_each_row() {
    var serving = selecting("reg:squarederror", 1, "predicted_score");
    ModelResponse answer =
        invoke(serving, "text/csv", "application/x-recordio-protobuf", "1,2,3\n0,0,0");
    byte[] record =
        HexFormat.of().parseHex("121b0a0f7072656469637465645f73636f7265" + "120812060a040000c040");
    ByteBuffer body = answer.body().order(ByteOrder.LITTLE_ENDIAN);
    assertThat(body.getInt()).isEqualTo(0xced7230a);
    byte[] first = new byte[body.getInt()];
    body.get(first);
    assertThat(first).isEqualTo(record);
  }

  @Test
  void selected_csv_ends_with_a_line_end_in_a_transform_job_only() {
    var selected = Map.of("SAGEMAKER_INFERENCE_OUTPUT", "predicted_score");
    var inBatch = new HashMap<>(selected);
    inBatch.put("SAGEMAKER_BATCH", "true");

    String live =
        text(
            invoke(
                serving(3, 1, "reg:squarederror", selected),
                "text/csv",
                "text/csv",
                "1,2,3\n4,5,6"));
    String batch =
        text(
            invoke(
                serving(3, 1, "reg:squarederror", inBatch),
                "text/csv",
                "text/csv",
                "1,2,3\n4,5,6"));

    assertThat(live).doesNotEndWith("\n");
    assertThat(batch).isEqualTo(live + "\n");
  }

  @Test
  void a_model_becomes_quick_for_small_bodies_when_it_has_proved_so() {
    assertThat(regression.isQuick(1000)).isFalse();
    var pace = new Pace();
    for (int i = 0; i < 200; i++) {
      pace.note(100, 2_000);
    }
    assertThat(pace.isQuick(1000)).isTrue();
    assertThat(pace.isQuick(16 * 1024 + 1)).isFalse();
    pace.note(100, 2_000_000);
    assertThat(pace.isQuick(1000)).isFalse();
  }

  private static TabularServing serving(
      int features, int outputs, String objective, Map<String, String> environment) {
    return new TabularServing(new SumModel(features, outputs, objective), environment, false);
  }

  private static TabularServing selecting(String objective, int outputs, String keys) {
    return serving(3, outputs, objective, Map.of("SAGEMAKER_INFERENCE_OUTPUT", keys));
  }

  /** A RecordIO frame around features["values"] = a Value of this hex. */
  private static byte[] features(String valueHex, int field) {
    byte[] value = HexFormat.of().parseHex(valueHex);
    byte[] key = "values".getBytes(StandardCharsets.US_ASCII);
    int entry = 2 + key.length + 2 + value.length;
    int length = 2 + entry;
    ByteBuffer frame = ByteBuffer.allocate(8 + (length + 3) / 4 * 4).order(ByteOrder.LITTLE_ENDIAN);
    frame.putInt(0xced7230a).putInt(length);
    frame.put((byte) ((field << 3) | 2)).put((byte) entry);
    frame.put((byte) 0x0a).put((byte) key.length).put(key);
    frame.put((byte) 0x12).put((byte) value.length).put(value);
    return frame.array();
  }

  private static ModelResponse invoke(
      TabularServing serving, String contentType, String accept, String body) {
    return serving.invoke(
        new ModelRequest(contentType, accept, null, StandardCharsets.UTF_8.encode(body)));
  }

  private static String text(ModelResponse answer) {
    return StandardCharsets.UTF_8.decode(answer.body().duplicate()).toString();
  }
}
