package dev.berth.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariantSummary;

class OutputTest {
  @Test
  void columns_are_as_wide_as_their_widest_cell() {
    var terminal = CapturedTerminal.pipe();
    var table = new Table("NAME", "STATUS");
    table.add("churn-prediction", "InService");
    table.add("x", "Failed");
    table.writeTo(terminal.terminal());
    assertThat(terminal.out())
        .isEqualTo(
            """
            NAME              STATUS
            churn-prediction  InService
            x                 Failed
            """);
  }

  @Test
  void a_status_has_its_colour_on_a_terminal() {
    var terminal = CapturedTerminal.coloured();
    var table = new Table("STATUS", "N");
    table.add("Failed", "1");
    table.writeTo(terminal.terminal());
    assertThat(terminal.out()).contains("\033[31mFailed\033[0m  1");
  }

  @Test
  void json_has_the_wires_names_and_leaves_out_what_is_unset() {
    var answer =
        DescribeEndpointResponse.builder()
            .endpointName("churn")
            .creationTime(Instant.parse("2026-03-04T05:06:07Z"))
            .productionVariants(
                ProductionVariantSummary.builder().variantName("blue").currentWeight(0.5f).build())
            .build();
    assertThat(Json.of(answer))
        .hasToString(
            "{\"EndpointName\":\"churn\",\"ProductionVariants\":[{\"VariantName\":\"blue\",\"CurrentWeight\":0.5}],\"CreationTime\":\"2026-03-04T05:06:07Z\"}");
  }

  @Test
  void a_payloads_type_is_guessed_by_file_name_then_first_character() {
    assertThat(InvokeCommand.guessContentType("rows.CSV", "{".getBytes(UTF_8)))
        .isEqualTo("text/csv");
    assertThat(InvokeCommand.guessContentType(null, "[1]".getBytes(UTF_8)))
        .isEqualTo("application/json");
    assertThat(InvokeCommand.guessContentType("-", "1,2".getBytes(UTF_8))).isEqualTo("text/csv");
    assertThat(InvokeCommand.guessContentType(null, new byte[0])).isEqualTo("text/csv");
  }
}
