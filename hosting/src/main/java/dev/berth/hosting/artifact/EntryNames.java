package dev.berth.hosting.artifact;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns names from archives and S3 keys into relative paths that stay below their root. The rules
 * on S3 keys are SageMaker's for uncompressed models; those on archive members allow what {@code
 * tar} itself writes, such as {@code ./model/}.
 */
final class EntryNames {
  /** Longest file name of the usual file systems, in bytes of UTF-8. */
  private static final int MAX_SEGMENT_BYTES = 255;

  /** Longest path below the root, in bytes of UTF-8; Linux allows 4,096 from the file system's. */
  private static final int MAX_PATH_BYTES = 2_048;

  private EntryNames() {}

  /**
   * Returns the path of an archive's member, without {@code .} segments; empty for the root.
   *
   * @throws IllegalArgumentException saying what is wrong with the name
   */
  static String ofMember(String name) {
    if (name.startsWith("/")) {
      throw new IllegalArgumentException("its name is an absolute path");
    }
    List<String> segments = new ArrayList<>();
    for (String segment : name.split("/", -1)) {
      if (!segment.isEmpty() && !segment.equals(".")) {
        segments.add(checked(segment));
      }
    }
    return checkedPath(String.join("/", segments));
  }

  /**
   * Returns the path of an object below its prefix.
   *
   * @param rest the key without the prefix
   * @throws IllegalArgumentException saying what is wrong with the key
   */
  static String ofKey(String rest) {
    for (String segment : rest.split("/", -1)) {
      if (segment.isBlank()) {
        throw new IllegalArgumentException(
            rest.isEmpty() || rest.endsWith("/")
                ? "its key ends in '/', as that of a folder"
                : "its key has an empty segment");
      }
      if (segment.equals(".")) {
        throw new IllegalArgumentException("its key has a segment '.'");
      }
      checked(segment);
    }
    return checkedPath(rest);
  }

  private static String checked(String segment) {
    if (segment.equals("..")) {
      throw new IllegalArgumentException("its name has a segment '..'");
    }
    if (segment.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("its name has a NUL character");
    }
    int bytes = segment.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_SEGMENT_BYTES) {
      throw new IllegalArgumentException(
          "its name has a segment of %d bytes; 255 is the most".formatted(bytes));
    }
    return segment;
  }

  private static String checkedPath(String path) {
    int bytes = path.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          "its name has %d bytes; %d is the most".formatted(bytes, MAX_PATH_BYTES));
    }
    return path;
  }
}
