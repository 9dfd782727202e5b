package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelArtifactTest {
  @TempDir private Path folder;

  @Test
  void a_folder_is_packed_from_its_root() throws IOException {
    var model = Files.createDirectories(folder.resolve("model/code"));
    Files.writeString(model.resolve("inference.py"), "pass");
    Files.writeString(folder.resolve("model/xgboost-model"), "{}");
    Files.writeString(folder.resolve("model/.DS_Store"), "no");
    assertThat(packed(folder.resolve("model")))
        .containsExactlyInAnyOrder("code/inference.py", "xgboost-model");
  }

  @Test
  void a_file_is_packed_alone() throws IOException {
    Files.writeString(folder.resolve("other"), "{}");
    var file = Files.writeString(folder.resolve("model.onnx"), "{}");
    assertThat(packed(file)).containsExactly("model.onnx");
  }

  @Test
  void a_file_named_without_a_folder_is_packed_by_its_name() {
    assertThat(new ModelArtifact.Loose(Path.of(""), java.util.List.of(Path.of("a.onnx"))).names())
        .containsExactly("a.onnx");
  }

  @Test
  void an_empty_folder_is_refused() {
    assertThatThrownBy(() -> ModelArtifact.of(folder.toString()))
        .isInstanceOf(CommandFailure.class)
        .hasMessage("no files in the folder '%s'", folder);
  }

  @Test
  void an_s3_uri_is_left_where_it_is() throws IOException {
    assertThat(ModelArtifact.of("s3://models/churn/model.tar.gz"))
        .isEqualTo(new ModelArtifact.Stored("s3://models/churn/model.tar.gz"));
  }

  private Iterable<String> packed(Path path) throws IOException {
    var target = folder.resolve("packed.tar.gz");
    ((ModelArtifact.Loose) ModelArtifact.of(path.toString())).packTo(target);
    return ModelArtifact.of(target.toString()).names();
  }
}
