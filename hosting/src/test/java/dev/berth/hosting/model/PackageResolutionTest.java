package dev.berth.hosting.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.error.AwsException;
import dev.berth.api.json.ApiJson;
import dev.berth.api.sagemaker.ContainerDefinition;
import dev.berth.api.sagemaker.CreateModelInput;
import dev.berth.hosting.model.ModelPackages.Deployable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PackageResolutionTest {
  private static final ContainerDefinition ONE =
      ContainerDefinition.builder()
          .containerHostname("packaged")
          .image("image:1")
          .modelDataUrl("s3://b/model.tar.gz")
          .environment(Map.of("A", "package", "B", "package"))
          .build();
  private static final ContainerDefinition TWO = ONE.toBuilder().image("image:2").build();

  @Test
  void what_is_given_beside_a_package_goes_over_what_the_package_says() {
    ContainerDefinition given =
        named("one").environment(Map.of("B", "given", "C", "given")).containerHostname("h").build();

    StoredModel stored = resolve(primary(given));

    assertThat(stored.resolved().primaryContainer())
        .isEqualTo(
            ONE.toBuilder()
                .containerHostname("h")
                .environment(Map.of("A", "package", "B", "given", "C", "given"))
                .build());
    assertThat(stored.given()).isEqualTo(primary(given));
    assertThat(stored.realtimeInstanceTypes()).containsExactly("ml.m5.large", "ml.m5.xlarge");
  }

  @Test
  void a_package_of_several_containers_is_a_pipeline() {
    StoredModel stored = resolve(primary(named("pipeline").build()));

    assertThat(stored.resolved().primaryContainer()).isNull();
    assertThat(stored.resolved().containers()).containsExactly(ONE, TWO);
    assertThat(resolve(several(named("pipeline").build())).resolved().containers())
        .containsExactly(ONE, TWO);
  }

  @Test
  void packages_among_other_containers_stand_where_they_are_named() {
    ContainerDefinition plain = ContainerDefinition.builder().image("plain").build();

    StoredModel stored = resolve(several(plain, named("one").build()));

    assertThat(stored.resolved().containers()).containsExactly(plain, ONE);
  }

  @Test
  void a_package_of_several_containers_takes_no_place_beside_others_and_no_environment() {
    refused(
        several(named("one").build(), named("pipeline").build()),
        "Model package \"pipeline\" has 2 containers; beside other containers a package can have one only.");
    refused(
        primary(named("pipeline").environment(Map.of("A", "b")).build()),
        "Environment can't be given with model package \"pipeline\", which has 2 containers.");
  }

  @Test
  void instances_are_of_types_that_all_packages_support() {
    StoredModel stored = resolve(several(named("one").build(), named("other").build()));

    assertThat(stored.realtimeInstanceTypes()).containsExactly("ml.m5.xlarge");
  }

  @Test
  void a_stored_model_comes_back_as_it_was_and_reads_as_what_it_runs() {
    StoredModel stored = resolve(primary(named("one").build()));

    String document = stored.toDocument();

    assertThat(StoredModel.parse(document)).isEqualTo(stored);
    assertThat(ApiJson.fromJson(document, CreateModelInput.SHAPE)).isEqualTo(stored.resolved());
  }

  @Test
  void a_model_without_packages_is_stored_as_it_was_given() {
    CreateModelInput model = primary(ONE);

    StoredModel stored = resolve(model);

    assertThat(stored.toDocument()).isEqualTo(ApiJson.toJson(model));
    assertThat(StoredModel.parse(stored.toDocument())).isEqualTo(stored);
  }

  private static void refused(CreateModelInput model, String text) {
    assertThatThrownBy(() -> resolve(model)).isInstanceOf(AwsException.class).hasMessage(text);
  }

  private static StoredModel resolve(CreateModelInput model) {
    return PackageResolution.of(
        model,
        (name, _) ->
            switch (name) {
              case "one" ->
                  new Deployable(List.of(ONE), List.of("ml.m5.large", "ml.m5.xlarge"), List.of());
              case "other" -> new Deployable(List.of(TWO), List.of("ml.m5.xlarge"), List.of());
              default -> new Deployable(List.of(ONE, TWO), List.of(), List.of());
            });
  }

  private static ContainerDefinition.Builder named(String modelPackage) {
    return ContainerDefinition.builder().modelPackageName(modelPackage);
  }

  private static CreateModelInput primary(ContainerDefinition container) {
    return CreateModelInput.builder().modelName("m").primaryContainer(container).build();
  }

  private static CreateModelInput several(ContainerDefinition... containers) {
    return CreateModelInput.builder().modelName("m").containers(List.of(containers)).build();
  }
}
