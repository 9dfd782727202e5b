package dev.berth.hosting.tag;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.Tag;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rules for tags that the API model's constraints don't say. */
public final class Tags {
  /** Most tags on one resource (Developer Guide, "Tagging resources"). */
  static final int MAX = 50;

  private Tags() {}

  /**
   * Returns tags by key, in the order given.
   *
   * @throws AwsException ValidationException for a reserved key or one given twice
   */
  public static Map<String, String> of(@Nullable List<Tag> tags) {
    var byKey = new LinkedHashMap<String, String>();
    if (tags == null) {
      return byKey;
    }
    for (Tag tag : tags) {
      String key = String.valueOf(tag.key());
      if (key.toLowerCase(Locale.ROOT).startsWith("aws:")) {
        throw AwsException.validation(
            "aws: prefixed tag key names are not allowed for external use. Tag key: " + key);
      }
      if (byKey.put(key, String.valueOf(tag.value())) != null) {
        throw AwsException.validation("Duplicate tag key found in the request: " + key);
      }
    }
    return byKey;
  }

  static void checkCount(String arn, int count) {
    if (count > MAX) {
      throw AwsException.validation(
          "Cannot have more than %d tags on resource \"%s\": it would have %d."
              .formatted(MAX, arn, count));
    }
  }
}
