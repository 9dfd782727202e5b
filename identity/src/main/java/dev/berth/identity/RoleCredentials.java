package dev.berth.identity;

import java.time.Instant;

/**
 * Temporary credentials of a role, as STS and ECS issue them. The text of this record is without
 * what is secret.
 *
 * @param session whose they are, and until when
 * @param secretAccessKey 40 characters
 * @param sessionToken what goes into {@code X-Amz-Security-Token}
 */
public record RoleCredentials(RoleSession session, String secretAccessKey, String sessionToken) {

  public String accessKeyId() {
    return session.accessKeyId();
  }

  public Instant expiration() {
    return session.expiration();
  }

  @Override
  public String toString() {
    return "RoleCredentials[session=%s]".formatted(session);
  }
}
