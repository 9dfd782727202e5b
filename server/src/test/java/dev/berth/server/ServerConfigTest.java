package dev.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.identity.registry.FunctionSource;
import dev.berth.runtime.docker.ImageMirror;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerConfigTest {
  @TempDir Path folder;

  @Test
  void without_settings_it_listens_on_loopback_only() {
    ServerConfig config = ServerConfig.load(Optional.empty(), Map.of());
    assertThat(config.host()).isEqualTo("127.0.0.1");
    assertThat(config.port()).isEqualTo(23784);
    assertThat(config.account()).isEqualTo("000000000000");
  }

  @Test
  void the_command_line_goes_before_the_file() throws IOException {
    Path file = yaml("port: 1000\nregion: eu-west-1\n");
    ServerConfig config = ServerConfig.load(Optional.of(file), Map.of("port", "2000"));
    assertThat(config.port()).isEqualTo(2000);
    assertThat(config.region()).isEqualTo("eu-west-1");
  }

  @Test
  void an_unquoted_account_id_is_taken_as_it_is_written() throws IOException {
    Path file = yaml("account: 000000000042\n");
    assertThat(ServerConfig.load(Optional.of(file), Map.of()).account()).isEqualTo("000000000042");
  }

  @Test
  void nested_keys_are_dotted_ones() throws IOException {
    Path file =
        yaml(
            """
            s3:
              endpoint: http://127.0.0.1:9000
              access-key-id: id
              secret-access-key: secret
            """);
    ServerConfig.S3 s3 = ServerConfig.load(Optional.of(file), Map.of()).externalS3().orElseThrow();
    assertThat(s3.endpoint()).hasToString("http://127.0.0.1:9000");
    assertThat(s3.toString()).doesNotContain("secret=");
  }

  @Test
  void mirrors_keep_the_files_order_and_functions_are_urls_or_commands() throws IOException {
    Path file =
        yaml(
            """
            image-mirrors:
              "*.dkr.ecr.*.amazonaws.com/team/**": local/$3
              "*.dkr.ecr.*.amazonaws.com/**": registry:5000/$1/$2/$3
            registry-credentials:
              lambda-endpoint: http://127.0.0.1:9001
              functions:
                arn:aws:lambda:us-east-1:111122223333:function:A: https://creds.example/a
                arn:aws:lambda:us-east-1:111122223333:function:B: cat /run/secrets/b
            vpc:
              subnets:
                subnet-1: backend
            role-credentials-seconds: 900
            """);
    ContainerSettings containers = ServerConfig.load(Optional.of(file), Map.of()).containers();

    assertThat(containers.mirrors())
        .containsExactly(
            new ImageMirror("*.dkr.ecr.*.amazonaws.com/team/**", "local/$3"),
            new ImageMirror("*.dkr.ecr.*.amazonaws.com/**", "registry:5000/$1/$2/$3"));
    assertThat(containers.functions().sources())
        .containsEntry(
            "arn:aws:lambda:us-east-1:111122223333:function:A",
            new FunctionSource.Url(URI.create("https://creds.example/a")))
        .containsEntry(
            "arn:aws:lambda:us-east-1:111122223333:function:B",
            new FunctionSource.Command("cat /run/secrets/b"));
    assertThat(containers.functions().lambda()).contains(URI.create("http://127.0.0.1:9001"));
    assertThat(containers.subnets()).isEqualTo(Map.of("subnet-1", "backend"));
    assertThat(containers.roleCredentials()).isEqualTo(Duration.ofMinutes(15));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "image-mirrors: {'*/x': 'y/$2'}",
        "role-credentials-seconds: 0",
        "registry-credentials: {lambda-endpoint: lambda}",
        "registry-credentials: {timeout-seconds: soon}",
        "vpc: {subnets: {subnet-1: }}"
      })
  void a_bad_setting_of_containers_is_named(String text) throws IOException {
    Path file = yaml(text + "\n");
    assertThatThrownBy(() -> ServerConfig.load(Optional.of(file), Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(text.substring(0, text.indexOf(':')));
  }

  @Test
  void without_a_store_setting_it_keeps_resources_in_sqlite() {
    assertThat(ServerConfig.load(Optional.empty(), Map.of()).postgres()).isEmpty();
    assertThat(ServerConfig.load(Optional.empty(), Map.of("store", "sqlite")).postgres()).isEmpty();
  }

  @Test
  void a_postgresql_url_is_kept_whole_and_shown_without_its_password() throws IOException {
    String url = "jdbc:postgresql://db.example.org:5432/berth?user=berth&password=hush";
    ServerConfig config = ServerConfig.load(Optional.of(yaml("store: " + url + "\n")), Map.of());
    assertThat(config.postgres()).contains(new ServerConfig.Postgres(url));
    assertThat(config.toString())
        .contains("postgres=Optional[Postgres[url=jdbc:postgresql://db.example.org:5432/berth]]")
        .doesNotContain("hush");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgres",
        "jdbc:postgresql:berth?password=hush",
        "jdbc:postgresql://host?password=hush",
        "jdbc:postgresql://berth:hush@host/berth",
        "jdbc:mysql://host/berth?password=hush"
      })
  void a_store_that_is_not_understood_is_not_repeated(String store) {
    assertThatThrownBy(() -> ServerConfig.load(Optional.empty(), Map.of("store", store)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("store is neither 'sqlite' nor like jdbc:postgresql://")
        .message()
        .doesNotContain("hush");
  }

  @Test
  void a_file_that_is_not_yaml_is_named_with_the_line_but_not_with_what_is_in_it()
      throws IOException {
    Path file = yaml("port: 1000\nstore: 'jdbc:postgresql://host/berth?password=hush\n");
    assertThatThrownBy(() -> ServerConfig.load(Optional.of(file), Map.of()))
        .hasMessageMatching(Pattern.quote(file.toString()) + " is not YAML: .* in line \\d")
        .message()
        .doesNotContain("hush");
  }

  @Test
  void an_unknown_setting_stops_the_start_and_is_named() throws IOException {
    Path file = yaml("prot: 1000\n");
    assertThatThrownBy(() -> ServerConfig.load(Optional.of(file), Map.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("unknown setting prot; known are ");
  }

  @Test
  void a_value_out_of_range_is_named_with_its_rule() {
    assertThatThrownBy(() -> ServerConfig.load(Optional.empty(), Map.of("port", "65536")))
        .hasMessage("port is '65536'; it must be a whole number from 0 to 65535");
  }

  @Test
  void open_mode_on_an_address_that_others_reach_is_refused() {
    assertThatThrownBy(() -> ServerConfig.load(Optional.empty(), Map.of("host", "0.0.0.0")))
        .hasMessageContaining("allow-open-non-loopback");
  }

  @Test
  void open_mode_on_an_address_that_others_reach_can_be_forced() {
    Map<String, String> forced = Map.of("host", "0.0.0.0", "allow-open-non-loopback", "true");
    assertThat(ServerConfig.load(Optional.empty(), forced).host()).isEqualTo("0.0.0.0");
  }

  @Test
  void a_runtime_that_is_not_there_yet_is_refused() {
    assertThatThrownBy(() -> ServerConfig.load(Optional.empty(), Map.of("runtime", "kubernetes")))
        .hasMessageContaining("does not have yet");
  }

  private Path yaml(String text) throws IOException {
    return Files.writeString(folder.resolve("berth.yaml"), text);
  }
}
