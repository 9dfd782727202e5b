package dev.berth.api.query;

import dev.berth.api.shape.Document;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Writes an XML answer: elements and text, no attributes but a namespace. One thread at a time. */
final class Xml {
  private final StringBuilder text = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /** Opens an element in {@code namespace}. */
  Xml open(String name, String namespace) {
    text.append('<').append(name).append(" xmlns=\"");
    escape(namespace);
    text.append("\">");
    open.push(name);
    return this;
  }

  Xml open(String name) {
    text.append('<').append(name).append('>');
    open.push(name);
    return this;
  }

  /** Closes the element opened last. */
  Xml close() {
    text.append("</").append(open.pop()).append('>');
    return this;
  }

  /** Writes an element that holds text. */
  Xml text(String name, String value) {
    open(name);
    escape(value);
    return close();
  }

  /** Writes an element for each member of {@code document}. */
  Xml members(Document document) {
    document.members().forEach(this::element);
    return this;
  }

  private void element(String name, Object value) {
    open(name);
    switch (value) {
      case Document document -> members(document);
      case List<?> list -> list.forEach(element -> element("member", element));
      case Map<?, ?> map -> map.forEach((key, entry) -> entry((String) key, entry));
      case Instant time -> escape(time.truncatedTo(ChronoUnit.MILLIS).toString());
      case ByteBuffer bytes -> escape(base64(bytes));
      default -> escape(value.toString());
    }
    close();
  }

  private void entry(String key, Object value) {
    open("entry").text("key", key).element("value", value);
    close();
  }

  private static String base64(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return Base64.getEncoder().encodeToString(copy);
  }

  /** What XML 1.0 cannot hold even as a reference becomes U+FFFD. */
  private void escape(String value) {
    value
        .codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> text.append("&amp;");
            case '<' -> text.append("&lt;");
            case '>' -> text.append("&gt;");
            case '"' -> text.append("&quot;");
            case '\r' -> text.append("&#xD;");
            default -> text.appendCodePoint(isAllowed(c) ? c : 0xFFFD);
          }
        });
  }

  private static boolean isAllowed(int c) {
    return c >= 0x20
        ? c < 0xD800 || (c > 0xDFFF && c != 0xFFFE && c != 0xFFFF)
        : c == '\t' || c == '\n';
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
