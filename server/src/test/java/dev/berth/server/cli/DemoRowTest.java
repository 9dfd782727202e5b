package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class DemoRowTest {
  @Test
  void the_rows_have_thirty_measurements_each_and_both_truths() throws IOException {
    var rows = DemoRow.all();
    assertThat(rows)
        .hasSize(113)
        .allSatisfy(row -> assertThat(row.features().split(",")).hasSize(30))
        .extracting(DemoRow::isMalignant)
        .contains(true, false);
  }
}
