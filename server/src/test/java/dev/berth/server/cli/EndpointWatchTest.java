package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EndpointWatchTest {
  @Test
  void each_instance_has_a_line() throws JsonProcessingException {
    var told =
        Json.read(
            """
            {"endpoint": "churn", "status": "Creating", "instances": [
              {"variant": "blue", "instance": "1", "state": "starting", "step": "staging model.tar.gz",
               "doneBytes": 10, "totalBytes": 40},
              {"variant": "blue", "instance": "2", "state": "in-service"}]}
            """);
    assertThat(EndpointWatch.lines("churn", "Creating", Optional.of(told)))
        .containsExactly(
            new ProgressLine("blue/1", "staging model.tar.gz", 10, 40),
            new ProgressLine("blue/2", "in-service", 0, 0));
  }

  @Test
  void a_server_that_tells_no_instances_is_followed_by_the_status() {
    assertThat(EndpointWatch.lines("churn", "Creating", Optional.empty()))
        .containsExactly(new ProgressLine("churn", "Creating", 0, 0));
  }
}
