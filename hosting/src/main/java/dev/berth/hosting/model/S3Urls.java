package dev.berth.hosting.model;

import dev.berth.api.error.AwsException;
import dev.berth.hosting.artifact.S3Uri;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Places in S3 as the API takes them: {@code s3://bucket/key}, or the {@code https} URL of an
 * object, virtual-hosted or path style (S3 User Guide, "Methods for accessing a bucket").
 */
public final class S3Urls {
  private static final Pattern PATH_STYLE_HOST =
      Pattern.compile("s3[.-]([a-z0-9-]+\\.)?amazonaws\\.com(\\.cn)?");
  private static final Pattern VIRTUAL_HOST =
      Pattern.compile("(?<bucket>.+)\\.s3[.-]([a-z0-9-]+\\.)?amazonaws\\.com(\\.cn)?");

  private S3Urls() {}

  /**
   * Returns the place.
   *
   * @param field member the URL stands in, for the message
   * @throws AwsException ValidationException when it names no place in S3
   */
  public static S3Uri parse(String url, String field) {
    try {
      return url.startsWith("s3://") ? S3Uri.parse(url) : https(URI.create(url));
    } catch (IllegalArgumentException e) {
      throw AwsException.validation(
          "%s is \"%s\", which names no object in S3: %s.".formatted(field, url, e.getMessage()));
    }
  }

  private static S3Uri https(URI url) {
    String host = String.valueOf(url.getHost());
    String path = url.getPath() == null ? "" : url.getPath().replaceFirst("^/", "");
    Matcher virtual = VIRTUAL_HOST.matcher(host);
    if (virtual.matches()) {
      return new S3Uri(virtual.group("bucket"), path);
    }
    if (PATH_STYLE_HOST.matcher(host).matches()) {
      return S3Uri.parse("s3://" + path);
    }
    throw new IllegalArgumentException("'%s' is not an S3 host".formatted(host));
  }
}
