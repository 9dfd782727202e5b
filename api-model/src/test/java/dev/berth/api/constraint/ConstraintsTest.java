package dev.berth.api.constraint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.AddTagsInput;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.UpdateEndpointWeightsAndCapacitiesInput;
import dev.berth.api.sagemakerruntime.InvokeEndpointInput;
import dev.berth.api.shape.StructureShape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConstraintsTest {
  private static String check(StructureShape<?> shape, String json) {
    ByteBuffer body = ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8));
    return Constraints.check(shape, ApiJson.parse(body, shape)).orElse("");
  }

  @Test
  void a_valid_request_breaks_nothing() {
    assertThat(check(CreateModelInput.SHAPE, "{\"ModelName\":\"iris-1\"}")).isEmpty();
  }

  @Test
  void one_violation_is_singular() {
    assertThat(check(CreateModelInput.SHAPE, "{}"))
        .isEqualTo(
            "1 validation error detected: Value at 'modelName' failed to satisfy constraint: Member"
                + " must not be null");
  }

  @Test
  void length_comes_before_pattern() {
    String name = "_".repeat(64);

    assertThat(check(CreateModelInput.SHAPE, "{\"ModelName\":\"" + name + "\"}"))
        .isEqualTo(
            """
            2 validation errors detected: Value '%1$s' at 'modelName' failed to satisfy constraint: \
            Member must have length less than or equal to 63; Value '%1$s' at 'modelName' failed to \
            satisfy constraint: Member must satisfy regular expression pattern: \
            [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?\
            """
                .formatted(name));
  }

  @Test
  void length_counts_characters_not_utf_16_units() {
    String json =
        "{\"ResourceArn\":\"arn:aws:sagemaker:a:000000000000:x\",\"Tags\":[{\"Key\":\"%s\",\"Value\":\"\"}]}";

    assertThat(check(AddTagsInput.SHAPE, json.formatted("𝒜".repeat(128)))).isEmpty();
    assertThat(check(AddTagsInput.SHAPE, json.formatted("𝒜".repeat(129))))
        .contains("equal to 128");
  }

  @Test
  void a_map_is_reported_whole_with_all_that_its_texts_must_be() {
    assertThat(
            check(
                CreateModelInput.SHAPE,
                """
                {"ModelName":"a","PrimaryContainer":{"Environment":{"ok":"v","1no":"w"}}}\
                """))
        .isEqualTo(
            """
            1 validation error detected: Value '{ok=v, 1no=w}' at 'primaryContainer.environment' \
            failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length \
            less than or equal to 1024, Member must satisfy regular expression pattern: \
            [a-zA-Z_][a-zA-Z0-9_]*]\
            """);
  }

  @Test
  void a_null_in_a_map_or_list_is_missing() {
    assertThat(
            check(
                CreateModelInput.SHAPE,
                """
                {"ModelName":"a","Tags":[null],"PrimaryContainer":{"Environment":{"a":null}}}\
                """))
        .startsWith(
            """
            2 validation errors detected: Value at 'tags.1.member' failed to satisfy constraint: \
            Member must not be null; Value '{a=null}' at 'primaryContainer.environment' failed to \
            satisfy constraint: Map value must satisfy constraint: [\
            """);
  }

  @Test
  void lists_and_structures_are_shown_like_java_values() {
    String tags = "{\"Key\":\"k\",\"Value\":\"v\"},".repeat(51);

    assertThat(
            check(
                CreateModelInput.SHAPE,
                "{\"ModelName\":\"a\",\"Tags\":[" + tags.substring(0, tags.length() - 1) + "]}"))
        .startsWith(
            "1 validation error detected: Value '[Tag(key=k, value=v), Tag(key=k, value=v),")
        .endsWith(
            "]' at 'tags' failed to satisfy constraint: Member must have length less than or equal"
                + " to 50");
  }

  @Test
  void a_number_out_of_range_is_shown_with_its_bound() {
    assertThat(
            check(
                UpdateEndpointWeightsAndCapacitiesInput.SHAPE,
                """
                {"EndpointName":"e","DesiredWeightsAndCapacities":[
                  {"VariantName":"v","DesiredWeight":-0.5}]}\
                """))
        .isEqualTo(
            """
            1 validation error detected: Value '-0.5' at \
            'desiredWeightsAndCapacities.1.member.desiredWeight' failed to satisfy constraint: \
            Member must have value greater than or equal to 0\
            """);
  }

  @Test
  void a_sensitive_value_is_not_shown() {
    assertThat(
            check(
                InvokeEndpointInput.SHAPE,
                "{\"EndpointName\":\"e\",\"Body\":\"\",\"CustomAttributes\":\"sécret\"}"))
        .startsWith("1 validation error detected: Value '***' at 'customAttributes' failed")
        .doesNotContain("cret'");
  }

  @Test
  void an_answer_does_not_grow_without_bound() {
    String variants = "{\"VariantName\":\"a\",\"InstanceType\":\"x\"},".repeat(20_000);

    assertThat(
            check(
                dev.berth.api.sagemaker.CreateEndpointConfigInput.SHAPE,
                "{\"EndpointConfigName\":\"a\",\"ProductionVariants\":["
                    + variants.substring(0, variants.length() - 1)
                    + "]}"))
        .startsWith("200 validation errors detected: ")
        .hasSizeLessThan(2_000_000);
  }
}
