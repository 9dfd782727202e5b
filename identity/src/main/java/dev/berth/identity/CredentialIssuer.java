package dev.berth.identity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Issues temporary credentials of roles, and tells whose they are. Session tokens carry the
 * session, signed with the data folder's key: credentials issued before a restart hold until they
 * expire, and nothing is stored for them. Many threads at a time.
 *
 * <p>For a container, there is a ticket: what it shows to get credentials of its instance's role,
 * as often as it likes.
 */
public final class CredentialIssuer {
  private static final int KEY_BYTES = 32;
  private static final int ID_BYTES = 10; // 16 characters of base 32
  private static final int SECRET_BYTES = 30; // 40 characters of base 64
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SignedText tokens;
  private final SignedText secrets;
  private final SignedText tickets;
  private final Duration lifetime;
  private final InstantSource clock;

  /**
   * What a ticket is for.
   *
   * @param holder identity of the instance it was given to
   * @param sessionName name of the sessions it gives
   * @param roleArn role whose credentials it gives
   */
  public record Ticket(String holder, String sessionName, String roleArn) {}

  private CredentialIssuer(SecretKey key, Duration lifetime, InstantSource clock) {
    this.tokens = new SignedText(key, "session-token");
    this.secrets = new SignedText(key, "secret-access-key");
    this.tickets = new SignedText(key, "ticket");
    this.lifetime = lifetime;
    this.clock = clock;
  }

  /**
   * Makes one with the key in a file, which is made when it isn't there, for its owner's eyes only.
   *
   * @param lifetime of what it issues
   */
  public static CredentialIssuer open(Path keyFile, Duration lifetime, InstantSource clock) {
    try {
      if (!Files.exists(keyFile)) {
        create(keyFile);
      }
      byte[] key = Files.readAllBytes(keyFile);
      if (key.length != KEY_BYTES) {
        throw new IllegalStateException(
            "%s is not a key of %d bytes; remove it for a new one, which ends the credentials that containers have"
                .formatted(keyFile, KEY_BYTES));
      }
      return new CredentialIssuer(new SecretKeySpec(key, "HmacSHA256"), lifetime, clock);
    } catch (IOException e) {
      throw new UncheckedIOException("can't keep the key of issued credentials in " + keyFile, e);
    }
  }

  private static void create(Path keyFile) throws IOException {
    Path fresh = keyFile.resolveSibling(keyFile.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    if (keyFile.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      var ownerOnly = PosixFilePermissions.fromString("rw-------");
      Files.createFile(fresh, PosixFilePermissions.asFileAttribute(ownerOnly));
    } else {
      Files.createFile(fresh);
    }
    Files.write(fresh, random(KEY_BYTES), StandardOpenOption.WRITE);
    Files.move(fresh, keyFile, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Returns new credentials of a role.
   *
   * @param sessionName as it stands at the end of the assumed role's ARN
   */
  public RoleCredentials issue(String roleArn, String sessionName) {
    if (!RoleSession.isRole(roleArn)) {
      throw new IllegalArgumentException("not a role's ARN: '%s'".formatted(roleArn));
    }
    String id = "ASIA" + Base32.text(random(ID_BYTES));
    // Expiration has whole seconds on the wire.
    Instant expiration = clock.instant().plus(lifetime).truncatedTo(ChronoUnit.SECONDS);
    var session = new RoleSession(roleArn, sessionName, id, expiration);
    return new RoleCredentials(session, secret(id), token(session));
  }

  /**
   * Returns the session that credentials issued here are of, over or not; empty when they were not
   * issued here.
   */
  public Optional<RoleSession> session(String accessKeyId, String sessionToken) {
    try {
      return tokens
          .verify(sessionToken)
          .filter(fields -> fields.size() == 4)
          .map(CredentialIssuer::session)
          .filter(session -> session.accessKeyId().equals(accessKeyId));
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }

  /** Returns whether a session is over. */
  public boolean isOver(RoleSession session) {
    return session.isOver(clock.instant());
  }

  /** Returns a ticket; the same for the same. */
  public String ticket(Ticket ticket) {
    return tickets.sign(List.of(ticket.holder(), ticket.sessionName(), ticket.roleArn()));
  }

  /** Returns what a ticket is for; empty when it was not made here. */
  public Optional<Ticket> ticket(String text) {
    return tickets
        .verify(text)
        .filter(fields -> fields.size() == 3)
        .map(fields -> new Ticket(fields.get(0), fields.get(1), fields.get(2)));
  }

  private String token(RoleSession session) {
    return tokens.sign(
        List.of(
            session.accessKeyId(),
            session.expiration().toString(),
            session.name(),
            session.roleArn()));
  }

  private static RoleSession session(List<String> fields) {
    return new RoleSession(
        fields.get(3), fields.get(2), fields.get(0), Instant.parse(fields.get(1)));
  }

  private String secret(String accessKeyId) {
    byte[] all = secrets.mac(accessKeyId.getBytes(StandardCharsets.UTF_8));
    byte[] some = Arrays.copyOf(all, SECRET_BYTES);
    return Base64.getEncoder().encodeToString(some);
  }

  private static byte[] random(int count) {
    var bytes = new byte[count];
    RANDOM.nextBytes(bytes);
    return bytes;
  }
}
