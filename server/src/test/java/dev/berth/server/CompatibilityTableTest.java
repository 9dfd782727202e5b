package dev.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CompatibilityTableTest {

  @Test
  void the_page_in_docs_says_what_the_code_does() throws IOException {
    Path page = Path.of("..", "docs", "compatibility.md");
    Path generated =
        Files.writeString(Path.of("target", "compatibility.md"), CompatibilityTable.markdown());
    assertThat(page)
        .as("to bring the page up to date: cp server/target/compatibility.md docs/")
        .hasSameTextualContentAs(generated);
  }
}
