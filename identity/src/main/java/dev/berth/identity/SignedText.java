package dev.berth.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Texts that only the holder of a key can have made, so that nothing has to be stored to know them
 * again, also after a restart. Anyone can read what is in them. Many threads at a time.
 *
 * @param purpose told apart from other uses of the same key
 */
record SignedText(SecretKey key, String purpose) {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int MAX_LENGTH = 8192;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  /** Returns one text of several; none may hold a line break. */
  String sign(List<String> fields) {
    byte[] content = String.join("\n", fields).getBytes(StandardCharsets.UTF_8);
    return ENCODER.encodeToString(content) + "." + ENCODER.encodeToString(mac(content));
  }

  /** Returns what {@link #sign} was given; empty when it is not of this key and purpose. */
  Optional<List<String>> verify(String text) {
    int dot = text.indexOf('.');
    if (dot < 0 || text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    try {
      byte[] content = Base64.getUrlDecoder().decode(text.substring(0, dot));
      byte[] mac = Base64.getUrlDecoder().decode(text.substring(dot + 1));
      return MessageDigest.isEqual(mac, mac(content))
          ? Optional.of(Arrays.asList(new String(content, StandardCharsets.UTF_8).split("\n", -1)))
          : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /** Returns 32 bytes that only the holder of the key can make of {@code content}. */
  byte[] mac(byte[] content) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(purpose.getBytes(StandardCharsets.UTF_8));
      mac.update((byte) 0);
      return mac.doFinal(content);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
