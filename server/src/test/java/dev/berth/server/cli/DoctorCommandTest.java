package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
  @Test
  void an_older_java_is_bad() {
    assertThat(DoctorCommand.java(21).outcome()).isEqualTo(DoctorCommand.Outcome.BAD);
    assertThat(DoctorCommand.java(25).outcome()).isEqualTo(DoctorCommand.Outcome.GOOD);
  }

  @Test
  void a_port_that_another_program_has_is_bad() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var answer = Thread.ofVirtual().start(() -> hangUp(taken));
      assertThat(DoctorCommand.port(taken.getLocalPort()))
          .isEqualTo(
              new DoctorCommand.Check(
                  "port",
                  DoctorCommand.Outcome.BAD,
                  taken.getLocalPort() + " is taken by another program",
                  "stop it, or start Berth with --port"));
      answer.interrupt();
    }
  }

  @Test
  void a_data_folder_that_is_a_file_is_bad(@TempDir Path folder) throws IOException {
    var file = Files.writeString(folder.resolve("data"), "");
    assertThat(DoctorCommand.dataDirectory(file).outcome()).isEqualTo(DoctorCommand.Outcome.BAD);
  }

  @Test
  void a_data_folder_that_can_be_made_is_good(@TempDir Path folder) {
    assertThat(DoctorCommand.dataDirectory(folder.resolve("a/b")).found())
        .startsWith(folder.resolve("a/b") + " (not there yet), ");
  }

  @Test
  void a_processor_without_native_libraries_is_bad() {
    assertThat(DoctorCommand.embedded("Linux", "riscv64").outcome())
        .isEqualTo(DoctorCommand.Outcome.BAD);
  }

  @Test
  void without_an_engine_the_docker_runtime_is_noted_and_the_socket_named(@TempDir Path folder) {
    var check = DoctorCommand.docker(Map.of("DOCKER_HOST", "unix://" + folder + "/docker.sock"));
    assertThat(check.outcome()).isEqualTo(DoctorCommand.Outcome.NOTE);
    assertThat(check.found()).contains(folder + "/docker.sock");
  }

  @Test
  void json_has_every_check(@TempDir Path folder) throws JsonProcessingException {
    var terminal = CapturedTerminal.pipe();
    terminal.run("doctor", "--json", "--data-dir", folder.toString());
    assertThat(Json.read(terminal.out()).findValuesAsText("subject"))
        .containsExactly(
            "java",
            "data folder",
            "port",
            "embedded runtime",
            "docker runtime",
            "network isolation",
            "role credentials",
            "image mirrors",
            "AWS_ENDPOINT_URL",
            "AWS credentials",
            "AWS region");
  }

  private static void hangUp(ServerSocket server) {
    try (var connection = server.accept()) {
      connection.getOutputStream().write(0);
    } catch (IOException closed) {
      // the test has ended
    }
  }
}
