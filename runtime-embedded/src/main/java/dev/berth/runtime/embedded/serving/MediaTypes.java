package dev.berth.runtime.embedded.serving;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code Content-Type} and {@code Accept} as the containers read them. */
public final class MediaTypes {
  /** Lines of comma-separated values. */
  public static final String CSV = "text/csv";

  /** One JSON document. */
  public static final String JSON = "application/json";

  /** One JSON document a line. */
  public static final String JSON_LINES = "application/jsonlines";

  /** Protobuf records, each with a length in front. */
  public static final String RECORDIO_PROTOBUF = "application/x-recordio-protobuf";

  private MediaTypes() {}

  /** Returns {@code header} without its parameters, in lower case. */
  public static String essence(String header) {
    int semicolon = header.indexOf(';');
    return (semicolon < 0 ? header : header.substring(0, semicolon))
        .strip()
        .toLowerCase(Locale.ROOT);
  }

  /** Returns the value of parameter {@code name} of {@code header}, or null. */
  static @Nullable String parameter(String header, String name) {
    String[] parts = header.split(";", -1);
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      if (equals > 0 && parts[i].substring(0, equals).strip().equalsIgnoreCase(name)) {
        return parts[i].substring(equals + 1).strip();
      }
    }
    return null;
  }

  /**
   * Returns the one of {@code supported} that {@code accept} names, {@code otherwise} when it is
   * absent or takes anything.
   *
   * @throws PayloadException with status 406 when it names another
   */
  public static String negotiate(
      @Nullable String accept, String otherwise, List<String> supported) {
    String wanted = accept == null ? "" : essence(accept);
    if (wanted.isEmpty() || wanted.equals("*/*")) {
      return otherwise;
    }
    if (!supported.contains(wanted)) {
      throw new PayloadException(
          406,
          "Accept type %s is not supported. Please use supported accept types: %s."
              .formatted(
                  wanted, supported.stream().collect(Collectors.joining("', '", "['", "']"))));
    }
    return wanted;
  }
}
