package dev.berth.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratorTest {
  private static final String MODEL =
      """
      {"metadata": {"serviceId": "Toy Shop", "apiVersion": "2020-01-01", "targetPrefix": "Toy"},
       "operations": {
         "Search": {"input": {"shape": "SearchInput"}},
         "Buy": {"input": {"shape": "BuyInput"}}},
       "shapes": {
         "SearchInput": {"type": "structure", "required": ["Kind"],
           "members": {"Kind": {"shape": "Kind"}, "Nested": {"shape": "Searches"}}},
         "Searches": {"type": "list", "member": {"shape": "SearchInput"}, "max": 3},
         "Kind": {"type": "string", "enum": ["Wood", "Tin"]},
         "BuyInput": {"type": "structure", "members": {}},
         "SoldOut": {"type": "structure", "members": {}, "exception": true}}}
      """;

  @TempDir Path folder;
  private Path models;
  private Path sources;

  @BeforeEach
  void write() throws IOException {
    models = Files.createDirectory(folder.resolve("models"));
    sources = folder.resolve("sources");
    Files.writeString(models.resolve("toy-shop-2020-01-01.json"), MODEL);
    executed("toy-shop Search");
  }

  private void executed(String lines) throws IOException {
    Files.writeString(models.resolve("executed.txt"), "# comment\n\n" + lines + "\n");
  }

  private Path source(String name) {
    return sources.resolve("dev/berth/api/toyshop").resolve(name + ".java");
  }

  @Test
  void only_what_executed_operations_reach_is_written() throws IOException {
    Generator.generate(models, sources);

    assertThat(source("").getParent())
        .isDirectoryContaining("glob:**/SearchInput.java")
        .isDirectoryContaining("glob:**/Kind.java")
        .isDirectoryContaining("glob:**/ToyShopApi.java")
        .isDirectoryNotContaining("glob:**/BuyInput.java");
    assertThat(source("ToyShopApi")).content().contains("Set.of(\"Search\",", "\"SoldOut\"");
  }

  @Test
  void a_shape_that_contains_itself_is_looked_up_when_used() throws IOException {
    Generator.generate(models, sources);

    assertThat(source("SearchInput"))
        .content()
        .contains("Member.required(\"Kind\", () -> Kind.SHAPE)")
        .contains("new Shape.ListOf(\"Searches\", SearchInput.SHAPE, 0, 3)");
  }

  @Test
  void an_unchanged_file_is_not_touched() throws IOException {
    Generator.generate(models, sources);
    Files.setLastModifiedTime(source("Kind"), FileTime.fromMillis(0));

    Generator.generate(models, sources);

    assertThat(Files.getLastModifiedTime(source("Kind"))).isEqualTo(FileTime.fromMillis(0));
  }

  @Test
  void what_is_no_longer_reached_is_removed() throws IOException {
    Generator.generate(models, sources);
    executed("toy-shop Buy");

    Generator.generate(models, sources);

    assertThat(source("Kind")).doesNotExist();
    assertThat(source("BuyInput")).exists();
  }

  @Test
  void an_operation_the_model_lacks_is_named() throws IOException {
    executed("toy-shop Sell");

    assertThatThrownBy(() -> Generator.generate(models, sources))
        .hasMessage("the model has no operation 'Sell'");
  }

  @Test
  void a_model_that_is_not_there_is_named() throws IOException {
    executed("pet-shop Buy");

    assertThatThrownBy(() -> Generator.generate(models, sources))
        .hasMessageContaining("no model 'pet-shop'");
  }
}
