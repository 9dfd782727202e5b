package dev.berth.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BerthTest {
  private final CapturedTerminal terminal = CapturedTerminal.pipe();

  @Test
  void help_names_every_command() {
    assertThat(terminal.run("--help")).isZero();
    assertThat(terminal.out())
        .contains("serve", "demo", "deploy", "invoke", "ls", "describe", "delete", "doctor");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "demo",
        "deploy",
        "invoke",
        "ls",
        "describe",
        "delete",
        "packages",
        "doctor"
      })
  void every_command_has_help(String command) {
    assertThat(terminal.run(command, "--help")).isZero();
    assertThat(terminal.out()).startsWith("Usage: berth " + command);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          frobnicate                 | berth takes no 'frobnicate'; see 'berth --help'
          describ x                  | berth takes no 'describ x', maybe 'describe'; see 'berth --help'
          deploy --name x            | give either ARTIFACT or --package
          packages                   | Missing required subcommand; see 'berth packages --help'
          deploy model.tar.gz        | Missing required option: '--name=NAME'; see 'berth deploy --help'
          ls --endpoint-url nowhere  | not a URL of a server: 'nowhere'; expected something like http://127.0.0.1:23784
          invoke x                   | give the payload either as an argument or by --file
          """)
  void what_is_not_understood_is_told_in_one_line_and_exits_2(String line, String told) {
    assertThat(terminal.run(line.strip().split(" "))).isEqualTo(2);
    assertThat(terminal.err()).isEqualTo("berth: " + told + "\n");
    assertThat(terminal.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ls", "describe x", "delete x", "invoke x 1,2"})
  void a_server_that_is_not_there_is_told_in_one_line_and_exits_1(String line) throws IOException {
    var url = "http://127.0.0.1:" + closedPort();
    assertThat(terminal.run((line + " --endpoint-url " + url).split(" "))).isEqualTo(1);
    assertThat(terminal.err())
        .isEqualTo(
            "berth: nothing answers at %s; start Berth with 'berth serve', or name a running one with --endpoint-url\n"
                .formatted(url));
    assertThat(terminal.out()).isEmpty();
  }

  @Test
  void a_model_that_is_not_there_is_told_before_anything_is_sent(@TempDir Path folder) {
    var missing = folder.resolve("model.tar.gz").toString();
    assertThat(terminal.run("deploy", missing, "--name", "x")).isEqualTo(1);
    assertThat(terminal.err())
        .isEqualTo(
            "berth: no model at '%s'; expected a folder, a file, a .tar.gz or an s3:// URI\n"
                .formatted(missing));
  }

  @Test
  void an_archive_that_is_none_is_told_before_anything_is_sent(@TempDir Path folder)
      throws IOException {
    var broken = Files.writeString(folder.resolve("model.tar.gz"), "not gzip").toString();
    assertThat(terminal.run("deploy", broken, "--name", "x")).isEqualTo(1);
    assertThat(terminal.err())
        .startsWith("berth: '%s' is not a readable tar.gz: ".formatted(broken));
  }

  @Test
  void a_pipe_gets_no_control_sequences() {
    terminal.run("doctor");
    terminal.run("nonsense");
    assertThat(terminal.out() + terminal.err()).doesNotContain("\033");
  }

  private static int closedPort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
