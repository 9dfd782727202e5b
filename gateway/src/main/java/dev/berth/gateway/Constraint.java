package dev.berth.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the API model says of one input of InvokeEndpoint. The checks are written out, as a regular
 * expression costs more than all the rest of a small invocation; the texts are AWS's.
 *
 * @param member name in messages
 * @param minLength 0 when the model gives none
 * @param isSensitive whether the value is kept out of messages
 */
record Constraint(
    AsciiString header,
    String member,
    int minLength,
    int maxLength,
    Form form,
    boolean isSensitive) {

  /** The patterns of the model. */
  enum Form {
    ANY(".*"),
    ASCII("\\p{ASCII}*"),
    PRINTABLE("\\A\\S[\\p{Print}]*\\z"),
    NAME("^[a-zA-Z0-9](-*[a-zA-Z0-9])*"),
    SESSION("^(NEW_SESSION)$|^[a-zA-Z0-9](-*[a-zA-Z0-9])*$");

    private final String pattern;

    Form(String pattern) {
      this.pattern = pattern;
    }

    boolean fits(String value) {
      return switch (this) {
        case ANY -> true;
        case ASCII -> areBetween(value, 0, 0x7F);
        case PRINTABLE ->
            !value.isEmpty() && areBetween(value, 0x20, 0x7E) && value.charAt(0) != ' ';
        case NAME -> isName(value);
        case SESSION -> value.equals("NEW_SESSION") || isName(value);
      };
    }

    private static boolean areBetween(String value, int low, int high) {
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c < low || c > high) {
          return false;
        }
      }
      return true;
    }

    /** Letters and digits, with hyphens between them. */
    private static boolean isName(String value) {
      int last = value.length() - 1;
      if (last < 0 || value.charAt(0) == '-' || value.charAt(last) == '-') {
        return false;
      }
      for (int i = 0; i <= last; i++) {
        char c = value.charAt(i);
        boolean isLetterOrDigit =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!isLetterOrDigit && c != '-') {
          return false;
        }
      }
      return true;
    }
  }

  static final Constraint ENDPOINT_NAME =
      new Constraint(AsciiString.EMPTY_STRING, "endpointName", 0, 63, Form.NAME, false);

  private static final List<Constraint> HEADERS =
      List.of(
          new Constraint(HttpHeaderNames.CONTENT_TYPE, "contentType", 0, 1024, Form.ASCII, false),
          new Constraint(HttpHeaderNames.ACCEPT, "accept", 0, 1024, Form.ASCII, false),
          new Constraint(
              SageMakerHeaders.CUSTOM_ATTRIBUTES, "customAttributes", 0, 1024, Form.ASCII, true),
          new Constraint(
              SageMakerHeaders.TARGET_MODEL, "targetModel", 1, 1024, Form.PRINTABLE, false),
          new Constraint(SageMakerHeaders.TARGET_VARIANT, "targetVariant", 0, 63, Form.NAME, false),
          new Constraint(
              SageMakerHeaders.TARGET_CONTAINER_HOSTNAME,
              "targetContainerHostname",
              0,
              63,
              Form.NAME,
              false),
          new Constraint(
              SageMakerHeaders.INFERENCE_ID, "inferenceId", 1, 64, Form.PRINTABLE, false),
          new Constraint(
              SageMakerHeaders.ENABLE_EXPLANATIONS, "enableExplanations", 1, 64, Form.ANY, false),
          new Constraint(
              SageMakerHeaders.INFERENCE_COMPONENT,
              "inferenceComponentName",
              0,
              63,
              Form.NAME,
              false),
          new Constraint(SageMakerHeaders.SESSION_ID, "sessionId", 0, 256, Form.SESSION, false),
          new Constraint(
              SageMakerHeaders.PREFIX_AWARE_ID, "prefixAwareId", 1, 64, Form.PRINTABLE, false));

  private boolean isMetBy(String value) {
    int length = value.length();
    return length >= minLength && length <= maxLength && form.fits(value);
  }

  /** Returns AWS's message that lists all that is wrong, or null when nothing is. */
  static @Nullable String violations(String endpointName, HttpHeaders headers) {
    boolean isMet = ENDPOINT_NAME.isMetBy(endpointName);
    for (int i = 0; isMet && i < HEADERS.size(); i++) {
      Constraint constraint = HEADERS.get(i);
      String value = headers.get(constraint.header);
      isMet = value == null || constraint.isMetBy(value);
    }
    return isMet ? null : describe(endpointName, headers);
  }

  private static String describe(String endpointName, HttpHeaders headers) {
    List<String> found = new ArrayList<>();
    ENDPOINT_NAME.describe(endpointName, found);
    for (Constraint constraint : HEADERS) {
      String value = headers.get(constraint.header);
      if (value != null) {
        constraint.describe(value, found);
      }
    }
    return found.size()
        + (found.size() == 1 ? " validation error detected: " : " validation errors detected: ")
        + String.join("; ", found);
  }

  private void describe(String value, List<String> found) {
    String shown = isSensitive ? "Value" : "Value '" + value + "'";
    String start = shown + " at '" + member + "' failed to satisfy constraint: ";
    if (value.length() < minLength) {
      found.add(start + "Member must have length greater than or equal to " + minLength);
    }
    if (value.length() > maxLength) {
      found.add(start + "Member must have length less than or equal to " + maxLength);
    }
    if (!form.fits(value)) {
      found.add(start + "Member must satisfy regular expression pattern: " + form.pattern);
    }
  }
}
