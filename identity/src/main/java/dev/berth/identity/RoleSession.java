package dev.berth.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Somebody who acts as a role for a while.
 *
 * @param roleArn the role
 * @param name session's name: for a container, its instance's
 * @param accessKeyId {@code ASIA…}, unique
 * @param expiration when it is over
 */
public record RoleSession(String roleArn, String name, String accessKeyId, Instant expiration) {
  /** Partition, account, path and name of a role. */
  private static final Pattern ROLE =
      Pattern.compile("arn:([^:]+):iam::(\\d{12}):role/(?:.*/)?(.+)");

  /** Returns {@code arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION}: without the role's path. */
  public String assumedRoleArn() {
    Matcher role = role();
    return "arn:%s:sts::%s:assumed-role/%s/%s"
        .formatted(role.group(1), role.group(2), role.group(3), name);
  }

  /** Returns the account that the role is of. */
  public String account() {
    return role().group(2);
  }

  /**
   * Returns {@code ROLE-ID:SESSION}; unique ids of roles start with AROA and have 21 characters.
   */
  public String userId() {
    byte[] arn = roleArn.getBytes(StandardCharsets.UTF_8);
    return "AROA" + Base32.text(sha256(arn)).substring(0, 17) + ":" + name;
  }

  boolean isOver(Instant now) {
    return !now.isBefore(expiration);
  }

  private static byte[] sha256(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private Matcher role() {
    Matcher role = ROLE.matcher(roleArn);
    if (!role.matches()) {
      throw new IllegalStateException("not a role's ARN: '%s'".formatted(roleArn));
    }
    return role;
  }

  /** Returns whether {@code arn} is a role's. */
  static boolean isRole(String arn) {
    return ROLE.matcher(arn).matches();
  }
}
