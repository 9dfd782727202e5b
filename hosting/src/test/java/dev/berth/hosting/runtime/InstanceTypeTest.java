package dev.berth.hosting.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstanceTypeTest {
  /** AWS's own model of the API. */
  private static final Path MODEL =
      Path.of("../api-model/src/main/models/sagemaker-2017-07-24.json");

  @Test
  void every_type_that_a_variant_may_name_is_known() throws IOException {
    assertThat(values("ProductionVariantInstanceType"))
        .hasSizeGreaterThan(200)
        .allSatisfy(name -> assertThat(InstanceType.named(name)).as(name).isPresent());
  }

  @Test
  void every_type_that_a_transform_job_may_name_is_known() throws IOException {
    assertThat(values("TransformInstanceType"))
        .hasSizeGreaterThan(100)
        .allSatisfy(name -> assertThat(InstanceType.named(name)).as(name).isPresent());
  }

  @Test
  void a_type_has_cpus_memory_and_gpus() {
    assertThat(InstanceType.named("ml.m5.large"))
        .hasValue(new InstanceType("ml.m5.large", 2, 8 * 1024, 0));
    assertThat(InstanceType.named("ml.c4.large"))
        .hasValue(new InstanceType("ml.c4.large", 2, 3840, 0));
    assertThat(InstanceType.named("ml.g5.12xlarge"))
        .hasValue(new InstanceType("ml.g5.12xlarge", 48, 192 * 1024, 4));
  }

  @Test
  void another_type_is_not_known() {
    assertThat(InstanceType.named("ml.m1.tiny")).isEmpty();
  }

  private static List<String> values(String shape) throws IOException {
    JsonNode shapes = new ObjectMapper().readTree(MODEL.toFile()).get("shapes");
    var values = new ArrayList<String>();
    shapes
        .properties()
        .forEach(entry -> {
          if (entry.getKey().endsWith("#" + shape) || entry.getKey().equals(shape)) {
            entry.getValue().path("enum").forEach(value -> values.add(value.asText()));
          }
        });
    return values;
  }
}
