package dev.berth.edge.backend;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Copies headers from one connection to another without those that belong to the connection (RFC
 * 9110, section 7.6.1): the usual ones and whatever {@code Connection} names. {@code
 * Transfer-Encoding: chunked} stays, as the body is passed on in the same framing.
 */
public final class HeaderFilter {
  private static final List<AsciiString> HOP_BY_HOP =
      List.of(
          HttpHeaderNames.CONNECTION,
          AsciiString.cached("keep-alive"),
          AsciiString.cached("proxy-connection"),
          HttpHeaderNames.PROXY_AUTHENTICATE,
          HttpHeaderNames.PROXY_AUTHORIZATION,
          HttpHeaderNames.TE,
          HttpHeaderNames.UPGRADE);

  private HeaderFilter() {}

  /** Returns what of a request goes on to the backend; {@code Host} stays as it came. */
  public static HttpHeaders request(HttpHeaders from) {
    HttpHeaders to = endToEnd(from);
    // The edge has answered the expectation itself.
    to.remove(HttpHeaderNames.EXPECT);
    return to;
  }

  /** Returns what of an answer goes on to the client. */
  public static HttpHeaders response(HttpHeaders from) {
    return endToEnd(from);
  }

  private static HttpHeaders endToEnd(HttpHeaders from) {
    // The decoder has checked every name and value.
    DefaultHttpHeaders to =
        (DefaultHttpHeaders)
            DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    Iterator<Map.Entry<CharSequence, CharSequence>> entries = from.iteratorCharSequence();
    while (entries.hasNext()) {
      Map.Entry<CharSequence, CharSequence> entry = entries.next();
      if (!isHopByHop(entry.getKey())) {
        to.add(entry.getKey(), entry.getValue());
      }
    }
    for (String named : from.getAll(HttpHeaderNames.CONNECTION)) {
      removeNamed(to, named);
    }
    return to;
  }

  private static void removeNamed(HttpHeaders headers, String connection) {
    for (String token : connection.split(",", -1)) {
      String name = token.trim();
      // Taking these away would change what the body is, not how it travels.
      boolean isFraming =
          HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(name)
              || HttpHeaderNames.TRANSFER_ENCODING.contentEqualsIgnoreCase(name)
              || HttpHeaderNames.HOST.contentEqualsIgnoreCase(name);
      if (!name.isEmpty()
          && !isFraming
          && !HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(name)
          && !HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(name)) {
        headers.remove(name);
      }
    }
  }

  private static boolean isHopByHop(CharSequence name) {
    for (AsciiString hop : HOP_BY_HOP) {
      if (hop.contentEqualsIgnoreCase(name)) {
        return true;
      }
    }
    return false;
  }
}
