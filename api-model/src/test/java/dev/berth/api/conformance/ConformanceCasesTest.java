package dev.berth.api.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.json.ApiJson;
import dev.berth.api.json.JsonService;
import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.service.Calls;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.SignedScope;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConformanceCasesTest {
  private static final List<ConformanceCase> CASES = ConformanceCases.of(SageMakerApi.SERVICE);

  private final JsonService service =
      new JsonService(
          Calls.emptyHandlers(SageMakerApi.SERVICE).build(),
          new SignedScope("000000000000", "us-east-1"));

  private boolean isMet(ConformanceCase c) {
    HttpAnswer answer = service.answer(Calls.json(c.target(), c.body()));
    return switch (c.expected()) {
      case Expected.PassesConstraints() -> answer.status() == 200;
      case Expected.Refused(int status, String type, String part) ->
          answer.status() == status
              && type.equals(answer.headers().get("x-amzn-ErrorType"))
              && Calls.body(answer).contains(json(part));
    };
  }

  /** As the text stands inside a JSON string. */
  private static String json(String text) {
    String quoted = ApiJson.write(new dev.berth.api.shape.Document(Map.of("x", text)));
    return quoted.substring(6, quoted.length() - 2);
  }

  @Test
  void a_service_meets_every_case() {
    assertThat(CASES).filteredOn(c -> !isMet(c)).isEmpty();
  }

  @Test
  void every_executed_operation_has_cases() {
    assertThat(CASES.stream().map(ConformanceCase::operation).collect(Collectors.toSet()))
        .hasSameSizeAs(SageMakerApi.SERVICE.executed());
    assertThat(CASES).hasSizeGreaterThan(1_000);
  }

  @Test
  void names_are_unique() {
    assertThat(CASES.stream().map(ConformanceCase::name)).doesNotHaveDuplicates();
  }
}
