package dev.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.hosting.runtime.Capability;
import dev.berth.runtime.docker.DockerConfig;
import dev.berth.runtime.docker.DockerRuntime;
import dev.berth.runtime.docker.EngineAddress;
import dev.berth.runtime.embedded.EmbeddedRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompatibilityTableTest {
  @TempDir private Path folder;

  @Test
  void the_page_in_docs_says_what_the_code_does() throws IOException {
    Path page = Path.of("..", "docs", "compatibility.md");
    Path generated =
        Files.writeString(
            Path.of("target", "compatibility.md"),
            CompatibilityTable.markdown(DeclaredInputs.all(), runtimes()));
    assertThat(page)
        .as("to bring the page up to date: cp server/target/compatibility.md docs/")
        .hasSameTextualContentAs(generated);
  }

  @Test
  void every_member_that_an_executed_operation_takes_is_declared() {
    assertThat(DeclaredInputs.all().missing(CompatibilityTable.operations()))
        .as("say in DeclaredInputs what becomes of each")
        .isEmpty();
  }

  @Test
  void nothing_is_declared_that_no_executed_operation_takes() {
    assertThat(DeclaredInputs.all().superfluous(CompatibilityTable.operations())).isEmpty();
  }

  @Test
  void a_member_that_nobody_declared_is_named() {
    InputSupport some =
        InputSupport.builder()
            .structure("AddTagsInput")
            .honoured("Tags", "Gone")
            .structure("Tag")
            .honoured("Key")
            .build();

    assertThat(some.missing(List.of(SageMakerApi.ADD_TAGS)))
        .containsExactly("AddTagsInput.ResourceArn", "Tag.Value");
    assertThat(some.superfluous(List.of(SageMakerApi.ADD_TAGS)))
        .containsExactly("AddTagsInput.Gone");
  }

  /** What the runtimes say they can do; no engine is connected to. */
  private Map<String, Set<Capability>> runtimes() {
    EngineAddress nowhere =
        EngineAddress.of(Map.of("DOCKER_HOST", "unix://" + folder.resolve("no.sock")));
    var docker =
        new DockerRuntime(DockerConfig.of(nowhere, "test", "us-east-1"), InstantSource.system());
    var embedded = new EmbeddedRuntime(InstantSource.system());
    try (docker;
        embedded) {
      var runtimes = new TreeMap<String, Set<Capability>>();
      runtimes.put(docker.name(), docker.capabilities());
      runtimes.put(embedded.name(), embedded.capabilities());
      return runtimes;
    }
  }
}
