package dev.berth.api.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.ContainerMode;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.api.sagemaker.DescribeEndpointOutput;
import dev.berth.api.sagemaker.EndpointStatus;
import dev.berth.api.sagemaker.ProductionVariantSummary;
import dev.berth.api.sagemaker.Tag;
import dev.berth.api.sagemakerruntime.InvokeEndpointInput;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ApiJsonTest {
  @Test
  void a_record_comes_back_as_it_was_kept() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("Z", "1");
    environment.put("A", "ü \"\\ \n 😀");
    CreateModelInput model =
        CreateModelInput.builder()
            .modelName("iris")
            .containers(
                List.of(
                    ContainerDefinition.builder()
                        .image("berth/xgboost")
                        .mode(ContainerMode.MULTI_MODEL)
                        .environment(environment)
                        .build()))
            .tags(List.of(new Tag("k", "v")))
            .enableNetworkIsolation(false)
            .build();

    CreateModelInput back = ApiJson.fromJson(ApiJson.toJson(model), CreateModelInput.SHAPE);

    assertThat(back).isEqualTo(model);
    assertThat(back.containers().getFirst().environment().keySet()).containsExactly("Z", "A");
  }

  @Test
  void times_numbers_and_enums_come_back_as_they_were_kept() {
    DescribeEndpointOutput endpoint =
        DescribeEndpointOutput.builder()
            .endpointStatus(EndpointStatus.IN_SERVICE)
            .creationTime(Instant.ofEpochMilli(1_529_870_369_986L))
            .lastModifiedTime(Instant.ofEpochMilli(-1))
            .productionVariants(
                List.of(
                    ProductionVariantSummary.builder()
                        .currentWeight(0.1f)
                        .currentInstanceCount(2)
                        .build()))
            .build();

    String json = ApiJson.toJson(endpoint);

    assertThat(json)
        .contains("\"EndpointStatus\":\"InService\"", "\"CurrentWeight\":0.1,", ":-0.001}");
    assertThat(ApiJson.fromJson(json, DescribeEndpointOutput.SHAPE)).isEqualTo(endpoint);
  }

  @Test
  void bytes_are_base64() {
    InvokeEndpointInput input =
        InvokeEndpointInput.builder().body(ByteBuffer.wrap(new byte[] {0, 1, -1})).build();

    assertThat(ApiJson.toJson(input)).isEqualTo("{\"Body\":\"AAH/\"}");
    assertThat(ApiJson.fromJson("{\"Body\":\"AAH/\"}", InvokeEndpointInput.SHAPE)).isEqualTo(input);
  }

  @Test
  void json_of_another_shape_is_refused_with_its_reason() {
    assertThatThrownBy(() -> ApiJson.fromJson("{\"Tags\":5}", CreateModelInput.SHAPE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("not the JSON of a CreateModelInput: Expected list or null");
  }

  @Test
  void a_record_keeps_nothing_of_the_collections_it_was_given() {
    List<Tag> tags = new ArrayList<>(List.of(new Tag("a", "b")));
    CreateModelInput model = CreateModelInput.builder().tags(tags).build();

    tags.clear();

    assertThat(model.tags()).containsExactly(new Tag("a", "b"));
    assertThatThrownBy(() -> model.tags().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void a_builder_of_a_record_changes_one_member() {
    Tag tag = new Tag("a", "b");

    assertThat(tag.toBuilder().value("c").build()).isEqualTo(new Tag("a", "c"));
  }
}
