package dev.berth.generator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTest {
  @ParameterizedTest
  @CsvSource({
    "InService, IN_SERVICE",
    "ml.m5.2xlarge, ML_M5_2XLARGE",
    "capacity-reservations-only, CAPACITY_RESERVATIONS_ONLY",
    "IN_PROGRESS, IN_PROGRESS",
    "S3Prefix, S3_PREFIX",
    "TagURIList, TAG_URI_LIST",
    "2xlarge, _2XLARGE"
  })
  void a_wire_text_becomes_a_constant(String text, String constant) {
    assertThat(Names.constant(text)).isEqualTo(constant);
  }

  @ParameterizedTest
  @CsvSource({"ModelName, modelName", "S3Uri, s3Uri", "Default, defaultValue", "Wait, waitValue"})
  void a_member_becomes_a_component(String member, String component) {
    assertThat(Names.component(member)).isEqualTo(component);
  }

  @ParameterizedTest
  @CsvSource({"SageMaker Runtime, SageMakerRuntime", "STS, Sts", "SageMaker, SageMaker"})
  void a_service_id_becomes_a_class(String id, String name) {
    assertThat(Names.type(id)).isEqualTo(name);
  }
}
