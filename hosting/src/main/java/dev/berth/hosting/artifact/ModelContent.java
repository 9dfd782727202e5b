package dev.berth.hosting.artifact;

import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What a model source held when it was looked at.
 *
 * @param objects one for an archive or a single object; a prefix's in key order
 */
record ModelContent(ModelSource source, List<ObjectInfo> objects) {
  private static final int ID_BYTES = 20;

  ModelContent {
    objects = List.copyOf(objects);
  }

  /** Returns a name for exactly this content in this form: equal content, equal id. */
  String id() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      add(digest, source.getClass().getSimpleName());
      add(digest, source.uri().toString());
      for (ObjectInfo object : objects) {
        add(digest, object.uri().key());
        add(digest, object.etag());
        add(digest, Long.toString(object.sizeBytes()));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  long sizeBytes() {
    return objects.stream().mapToLong(ObjectInfo::sizeBytes).sum();
  }

  /** Ends every field with a byte that UTF-8 text can't have, so that fields can't run together. */
  private static void add(MessageDigest digest, String field) {
    digest.update(field.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0xff);
  }
}
