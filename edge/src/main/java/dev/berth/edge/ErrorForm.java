package dev.berth.edge;

import java.nio.charset.StandardCharsets;

/** How a protocol writes an error. */
public enum ErrorForm {
  /** AWS JSON 1.1, the SageMaker control plane. */
  JSON("application/x-amz-json-1.1"),
  /** REST-JSON, the SageMaker runtime: {@code Message} with a capital. */
  RUNTIME("application/json"),
  /** AWS Query, such as STS. */
  QUERY("text/xml"),
  /** S3's REST-XML. */
  S3("application/xml"),
  /** A line of text, for what isn't AWS. */
  PLAIN("text/plain; charset=utf-8");

  private final String contentType;

  ErrorForm(String contentType) {
    this.contentType = contentType;
  }

  /** {@code Content-Type} of the answer. */
  public String contentType() {
    return contentType;
  }

  /** Whether the code is also sent as {@code x-amzn-ErrorType}. */
  boolean hasErrorTypeHeader() {
    return this == JSON || this == RUNTIME;
  }

  /** Returns the answer's body, UTF-8. */
  byte[] body(WireError error, String requestId) {
    String code = error.code();
    String message = error.message();
    String text =
        switch (this) {
          case JSON ->
              "{\"__type\":"
                  + JsonText.quote(code)
                  + ",\"message\":"
                  + JsonText.quote(message)
                  + "}";
          case RUNTIME ->
              "{\"ErrorCode\":"
                  + JsonText.quote(code)
                  + ",\"Message\":"
                  + JsonText.quote(message)
                  + "}";
          case QUERY ->
              "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>"
                  + (error.status() < 500 ? "Sender" : "Receiver")
                  + "</Type><Code>"
                  + xml(code)
                  + "</Code><Message>"
                  + xml(message)
                  + "</Message></Error><RequestId>"
                  + requestId
                  + "</RequestId></ErrorResponse>";
          case S3 ->
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"
                  + xml(code)
                  + "</Code><Message>"
                  + xml(message)
                  + "</Message><RequestId>"
                  + requestId
                  + "</RequestId></Error>";
          case PLAIN -> code + ": " + message + "\n";
        };
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Escapes what XML 1.0 text can't hold; characters it has no form for become U+FFFD. */
  private static String xml(String text) {
    var out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '&' -> out.append("&amp;");
        case '"' -> out.append("&quot;");
        default -> out.append(c >= ' ' || c == '\n' || c == '\t' || c == '\r' ? c : '\uFFFD');
      }
    }
    return out.toString();
  }
}
