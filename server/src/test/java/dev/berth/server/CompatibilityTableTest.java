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
    assertThat(Files.readString(page))
        .as("run: ./mvnw -pl server -am compile exec:java@compatibility-table")
        .isEqualTo(CompatibilityTable.markdown());
  }
}
