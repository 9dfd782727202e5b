package dev.berth.api.service;

import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;

/**
 * A whole HTTP request, as the edge hands it to an {@link HttpService}.
 *
 * @param requestId UUID that the answer carries as {@code x-amzn-RequestId} and every log line
 *     names
 * @param method HTTP method, upper case
 * @param uri origin-form request target: raw path and, after {@code ?}, raw query, byte for byte
 * @param headers request headers, names case-insensitive
 * @param body whole body, position 0 to limit; empty when there is none
 */
public record HttpCall(
    String requestId, String method, String uri, HttpHeaders headers, ByteBuffer body) {

  /** Returns the raw path of {@link #uri()}, without the query. */
  public String path() {
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }

  /** Returns the first value of header {@code name}, or the empty string. */
  public String header(String name) {
    return headers.firstValue(name).orElse("");
  }
}
