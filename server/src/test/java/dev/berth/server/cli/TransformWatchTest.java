package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TransformWatchTest {
  @Test
  void a_job_is_told_with_its_objects_records_and_the_time_left() throws JsonProcessingException {
    var told =
        Json.read(
            """
            {"job": "nightly", "objects": 4, "done": 1, "failed": 1, "records": 900,
             "readBytes": 25, "totalBytes": 100, "instances": [
               {"instance": "i-1", "step": "in service"},
               {"instance": "i-2", "step": "staging model.tar.gz", "doneBytes": 1, "totalBytes": 2}]}
            """);
    assertThat(
            TransformWatch.lines(
                "nightly", "InProgress", Optional.of(told), Duration.ofSeconds(10)))
        .containsExactly(
            new ProgressLine("nightly", "1 of 4 objects, 900 records, 1 failed", 0, 0),
            new ProgressLine("input", "about 30 s left", 25, 100),
            new ProgressLine("nightly/i-2", "staging model.tar.gz", 1, 2));
  }

  @Test
  void a_server_that_tells_no_progress_is_followed_by_the_status() {
    assertThat(TransformWatch.lines("nightly", "InProgress", Optional.empty(), Duration.ZERO))
        .containsExactly(new ProgressLine("nightly", "InProgress", 0, 0));
  }
}
