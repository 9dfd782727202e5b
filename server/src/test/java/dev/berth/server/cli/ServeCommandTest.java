package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.server.ServerConfig;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ServeCommandTest {
  private static final URI ENDPOINT = URI.create("http://127.0.0.1:23784");
  private static final ServerConfig SETTINGS = ServerConfig.load(Optional.empty(), Map.of());

  @Test
  void the_ready_line_exports_all_that_is_missing() {
    assertThat(ServeCommand.readyLine(ENDPOINT, SETTINGS, Map.of()))
        .isEqualTo(
            "export AWS_ENDPOINT_URL=http://127.0.0.1:23784 AWS_ACCESS_KEY_ID=test"
                + " AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1"
                + "  # Berth is ready; Ctrl-C stops it");
  }

  @Test
  void the_ready_line_leaves_the_users_own_credentials_and_region() {
    assertThat(
            ServeCommand.readyLine(
                ENDPOINT, SETTINGS, Map.of("AWS_PROFILE", "mine", "AWS_REGION", "eu-west-1")))
        .isEqualTo(
            "export AWS_ENDPOINT_URL=http://127.0.0.1:23784  # Berth is ready; Ctrl-C stops it");
  }
}
