package dev.berth.api.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.CreateModelOutput;
import dev.berth.api.sagemaker.ListModelsOutput;
import dev.berth.api.sagemaker.ModelSummary;
import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.service.CallContext;
import dev.berth.api.service.Calls;
import dev.berth.api.service.HttpAnswer;
import dev.berth.api.service.OperationHandler;
import dev.berth.api.service.SignedScope;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonServiceTest {
  private static final SignedScope SCOPE = new SignedScope("000000000000", "us-east-1");

  private final JsonService service =
      new JsonService(Calls.emptyHandlers(SageMakerApi.SERVICE).build(), SCOPE);

  private static JsonService creating(
      OperationHandler<CreateModelInput, CreateModelOutput> handler) {
    return new JsonService(
        Calls.emptyHandlers(SageMakerApi.SERVICE, "CreateModel")
            .on(SageMakerApi.CREATE_MODEL, handler)
            .build(),
        SCOPE);
  }

  private static String error(HttpAnswer answer) {
    return answer.status()
        + " "
        + answer.headers().get("x-amzn-ErrorType")
        + " "
        + Calls.body(answer);
  }

  private HttpAnswer createModel(String body) {
    return service.answer(Calls.json("SageMaker.CreateModel", body));
  }

  @Test
  void an_operation_is_executed_on_its_typed_input() {
    JsonService service =
        creating((input, context) ->
            new CreateModelOutput(
                "arn:aws:sagemaker:%s:%s:model/%s"
                    .formatted(context.region(), context.account(), input.modelName())));

    HttpAnswer answer =
        service.answer(Calls.json("SageMaker.CreateModel", "{\"ModelName\":\"iris\"}"));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).isEqualTo(Map.of("Content-Type", "application/x-amz-json-1.1"));
    assertThat(Calls.body(answer))
        .isEqualTo("{\"ModelArn\":\"arn:aws:sagemaker:us-east-1:000000000000:model/iris\"}");
  }

  @Test
  void an_operation_without_output_is_answered_with_an_empty_body() {
    HttpAnswer answer =
        service.answer(Calls.json("SageMaker.DeleteModel", "{\"ModelName\":\"iris\"}"));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body().remaining()).isZero();
  }

  @Test
  void an_output_with_all_members_absent_is_an_empty_object() {
    assertThat(Calls.body(createModel("{\"ModelName\":\"iris\"}"))).isEqualTo("{}");
  }

  @Test
  void times_are_seconds_with_milliseconds_and_empty_lists_stay() {
    ListModelsOutput some =
        ListModelsOutput.builder()
            .models(
                List.of(
                    ModelSummary.builder()
                        .modelName("a")
                        .creationTime(Instant.ofEpochMilli(1_529_870_369_986L))
                        .build(),
                    ModelSummary.builder()
                        .modelName("b")
                        .creationTime(Instant.ofEpochSecond(1_529_870_370L))
                        .build()))
            .build();

    assertThat(ApiJson.toJson(some))
        .isEqualTo(
            """
            {"Models":[{"ModelName":"a","CreationTime":1529870369.986},\
            {"ModelName":"b","CreationTime":1529870370.0}]}\
            """);
    assertThat(ApiJson.toJson(ListModelsOutput.builder().models(List.of()).build()))
        .isEqualTo("{\"Models\":[]}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SageMaker", "SageMaker.", "SageMaker.NoSuch", "Other.CreateModel"})
  void an_unknown_target_is_an_unknown_operation(String target) {
    assertThat(error(service.answer(Calls.json(target, "{}"))))
        .isEqualTo("400 UnknownOperationException {\"__type\":\"UnknownOperationException\"}");
  }

  @Test
  void only_post_names_an_operation() {
    HttpAnswer answer =
        service.answer(
            Calls.call("GET", "/", Map.of("X-Amz-Target", "SageMaker.ListModels"), new byte[0]));

    assertThat(error(answer)).startsWith("400 UnknownOperationException ");
  }

  @Test
  void a_known_operation_that_is_not_executed_is_refused_by_name() {
    assertThat(error(service.answer(Calls.json("SageMaker.CreateTrainingJob", "{}"))))
        .isEqualTo(
            """
            400 NotImplementedException {"__type":"NotImplementedException","message":\
            "Berth knows the operation CreateTrainingJob of SageMaker but does not execute it."}\
            """);
  }

  @Test
  void an_empty_body_is_an_empty_request() {
    assertThat(service.answer(Calls.json("SageMaker.ListModels", "")).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "\"x\"",
        "nul",
        "{\"ModelName\":\"a\"} x",
        "{\"ModelName\":'a'}",
        "{\"ModelName\"}",
        "\u0000",
        "\ufeff{}",
        "{\"ModelName\":\"\\ud800\"}",
        "{\"ModelName\":\"a\",}"
      })
  void malformed_json_is_a_serialization_exception(String body) {
    assertThat(error(createModel(body))).startsWith("400 SerializationException ");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{\"MaxResults\":\"5\"}|STRING_VALUE can not be converted to an Integer",
        "{\"MaxResults\":true}|TRUE_VALUE can not be converted to an Integer",
        "{\"MaxResults\":1.5}|1.5 can not be converted to an Integer",
        "{\"MaxResults\":2147483648}|2147483648 can not be converted to an Integer",
        "{\"MaxResults\":9223372036854775808}|9223372036854775808 can not be converted to an Integer",
        "{\"MaxResults\":1e999999999}|1e999999999 can not be converted to an Integer",
        "{\"MaxResults\":[]}|Start of list found where not expected",
        "{\"NameContains\":{}}|Start of structure or map found where not expected.",
        "{\"NameContains\":5}|NUMBER_VALUE can not be converted to a String",
        "{\"NameContains\":false}|FALSE_VALUE can not be converted to a String",
        "{\"CreationTimeAfter\":\"2020-01-01\"}|STRING_VALUE can not be converted to a Timestamp",
        "{\"CreationTimeAfter\":1e300}|1e300 can not be converted to a Timestamp",
      })
  void a_wrong_json_type_is_worded_like_aws(String body, String message) {
    assertThat(error(service.answer(Calls.json("SageMaker.ListModels", body))))
        .isEqualTo(
            "400 SerializationException {\"__type\":\"SerializationException\",\"message\":\"%s\"}"
                .formatted(message));
  }

  @Test
  void a_whole_number_may_be_written_with_a_fraction() {
    assertThat(service.answer(Calls.json("SageMaker.ListModels", "{\"MaxResults\":5.0}")).status())
        .isEqualTo(200);
  }

  @Test
  void nesting_is_limited_even_where_it_would_be_ignored() {
    String body = "{\"ModelName\":\"a\",\"Unknown\":%s%s}";

    assertThat(createModel(body.formatted("[".repeat(50), "]".repeat(50))).status()).isEqualTo(200);
    assertThat(error(createModel(body.formatted("[".repeat(70), "]".repeat(70)))))
        .startsWith("400 SerializationException ");
    assertThat(error(createModel(body.formatted("[".repeat(100_000), ""))))
        .startsWith("400 SerializationException ");
  }

  @Test
  void a_body_above_the_limit_is_refused() {
    assertThat(error(createModel("{\"X\":\"" + "x".repeat(17 << 20) + "\"}")))
        .contains("SerializationException", "is too large");
  }

  @Test
  void invalid_utf_8_is_refused() {
    byte[] body = "{\"ModelName\":\"i?is\"}".getBytes(StandardCharsets.UTF_8);
    body[15] = (byte) 0xC0;

    HttpAnswer answer =
        service.answer(
            Calls.call("POST", "/", Map.of("X-Amz-Target", "SageMaker.CreateModel"), body));

    assertThat(error(answer)).contains("SerializationException", "is not valid UTF-8");
  }

  @Test
  void utf_16_is_not_guessed() {
    byte[] body = "{\"ModelName\":\"iris\"}".getBytes(StandardCharsets.UTF_16LE);

    HttpAnswer answer =
        service.answer(
            Calls.call("POST", "/", Map.of("X-Amz-Target", "SageMaker.CreateModel"), body));

    assertThat(error(answer)).startsWith("400 SerializationException ");
  }

  @Test
  void unknown_members_are_ignored_and_null_is_absent() {
    HttpAnswer answer =
        createModel("{\"ModelName\":\"iris\",\"New\":{\"a\":[1]},\"ExecutionRoleArn\":null}");

    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void all_violations_are_listed_in_one_message() {
    assertThat(
            error(
                service.answer(
                    Calls.json(
                        "SageMaker.CreateEndpointConfig",
                        """
                        {"EndpointConfigName":"-", "ProductionVariants":[
                          {"VariantName":"blue","InitialInstanceCount":0},
                          {"InstanceType":"local"}]}\
                        """))))
        .startsWith(
            """
            400 ValidationException {"__type":"ValidationException","message":\
            "4 validation errors detected: \
            Value at 'productionVariants.2.member.variantName' failed to satisfy constraint: \
            Member must not be null; \
            Value '-' at 'endpointConfigName' failed to satisfy constraint: \
            Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; \
            Value '0' at 'productionVariants.1.member.initialInstanceCount' failed to satisfy \
            constraint: Member must have value greater than or equal to 1; \
            Value 'local' at 'productionVariants.2.member.instanceType' failed to satisfy \
            constraint: Member must satisfy enum value set: [ml.t2.medium, ml.t2.large,\
            """);
  }

  @Test
  void an_error_of_the_model_has_a_capital_message() {
    JsonService service =
        creating((_, _) -> {
          throw new AwsException("ResourceLimitExceeded", 400, "too many");
        });

    assertThat(error(service.answer(Calls.json("SageMaker.CreateModel", "{\"ModelName\":\"a\"}"))))
        .isEqualTo(
            """
            400 ResourceLimitExceeded {"__type":"ResourceLimitExceeded","Message":"too many"}\
            """);
  }

  @Test
  void any_other_exception_is_an_internal_failure_that_names_the_request() {
    JsonService service =
        creating((_, _) -> {
          throw new IllegalStateException("a secret of ours");
        });

    assertThat(error(service.answer(Calls.json("SageMaker.CreateModel", "{\"ModelName\":\"a\"}"))))
        .startsWith("500 InternalFailure ")
        .contains(Calls.REQUEST_ID)
        .doesNotContain("secret");
  }

  @Test
  void region_and_access_key_come_from_the_signature() {
    CallContext[] seen = new CallContext[1];
    JsonService service =
        creating((_, context) -> {
          seen[0] = context;
          return CreateModelOutput.builder().build();
        });

    service.answer(
        Calls.call(
            "POST",
            "/",
            Map.of(
                "X-Amz-Target",
                "SageMaker.CreateModel",
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sagemaker/aws4_request,"
                    + " SignedHeaders=host, Signature=00"),
            "{\"ModelName\":\"a\"}".getBytes(StandardCharsets.UTF_8)));

    assertThat(seen[0])
        .isEqualTo(new CallContext(Calls.REQUEST_ID, "000000000000", "eu-west-1", "AKID"));
  }
}
