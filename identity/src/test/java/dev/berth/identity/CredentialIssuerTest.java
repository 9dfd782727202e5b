package dev.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.identity.CredentialIssuer.Ticket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialIssuerTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final String ROLE = "arn:aws:iam::111122223333:role/service-role/Shop";

  @TempDir private Path folder;
  private CredentialIssuer issuer;

  @BeforeEach
  void open() {
    issuer = at(NOW);
  }

  private CredentialIssuer at(Instant now) {
    return CredentialIssuer.open(
        folder.resolve("key"), Duration.ofMinutes(15), InstantSource.fixed(now));
  }

  @Test
  void credentials_have_awss_form_and_end_after_their_lifetime() {
    RoleCredentials credentials = issuer.issue(ROLE, "i-1");

    assertThat(credentials.accessKeyId()).matches("ASIA[A-Z2-7]{16}");
    assertThat(credentials.secretAccessKey()).hasSize(40);
    assertThat(credentials.expiration()).isEqualTo(NOW.plus(Duration.ofMinutes(15)));
    assertThat(issuer.isOver(credentials.session())).isFalse();
    assertThat(at(NOW.plus(Duration.ofMinutes(15))).isOver(credentials.session())).isTrue();
  }

  @Test
  void no_two_credentials_are_the_same() {
    RoleCredentials one = issuer.issue(ROLE, "i-1");
    RoleCredentials other = issuer.issue(ROLE, "i-1");

    assertThat(one.accessKeyId()).isNotEqualTo(other.accessKeyId());
    assertThat(one.secretAccessKey()).isNotEqualTo(other.secretAccessKey());
    assertThat(one.sessionToken()).isNotEqualTo(other.sessionToken());
  }

  @Test
  void credentials_are_known_after_a_restart() {
    RoleCredentials credentials = issuer.issue(ROLE, "i-1");

    assertThat(at(NOW).session(credentials.accessKeyId(), credentials.sessionToken()))
        .contains(credentials.session());
  }

  @Test
  void a_session_is_known_by_its_assumed_role() {
    RoleSession session = issuer.issue(ROLE, "i-1").session();

    assertThat(session.assumedRoleArn())
        .isEqualTo("arn:aws:sts::111122223333:assumed-role/Shop/i-1");
    assertThat(session.userId()).matches("AROA[A-Z2-7]{17}:i-1");
  }

  @Test
  void what_was_made_up_changed_or_mixed_is_not_known() {
    RoleCredentials one = issuer.issue(ROLE, "i-1");
    String token = one.sessionToken();

    assertThat(issuer.session("ASIA" + "A".repeat(16), token)).isEmpty();
    assertThat(issuer.session(one.accessKeyId(), "")).isEmpty();
    assertThat(issuer.session(one.accessKeyId(), "?.?")).isEmpty();
    assertThat(issuer.session(one.accessKeyId(), "A" + token.substring(1))).isEmpty();
    assertThat(issuer.session(one.accessKeyId(), issuer.issue(ROLE, "i-1").sessionToken()))
        .isEmpty();
    assertThat(issuer.ticket(token)).isEmpty();
  }

  @Test
  void a_ticket_says_what_it_is_for_also_after_a_restart() {
    var ticket = new Ticket("endpoint/1/1/blue/i-1", "i-1", ROLE);

    assertThat(at(NOW).ticket(issuer.ticket(ticket))).contains(ticket);
    assertThat(issuer.ticket("x" + issuer.ticket(ticket))).isEmpty();
  }

  @Test
  void the_key_is_for_its_owners_eyes_only() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("key"))))
        .isEqualTo("rw-------");
  }

  @Test
  void the_text_of_credentials_is_without_their_secrets() {
    RoleCredentials credentials = issuer.issue(ROLE, "i-1");

    assertThat(credentials.toString())
        .contains(credentials.accessKeyId())
        .doesNotContain(credentials.secretAccessKey(), credentials.sessionToken());
  }

  @Test
  void a_damaged_key_stops_the_start_and_is_named() throws IOException {
    Files.writeString(folder.resolve("key"), "short");

    assertThatThrownBy(() -> at(NOW)).hasMessageContaining(folder.resolve("key").toString());
  }
}
