package dev.berth.api.service;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * A whole HTTP answer. The edge adds {@code Content-Length}, {@code Date} and {@code
 * x-amzn-RequestId}.
 *
 * @param status HTTP status
 * @param headers header name to value, in the order they are sent
 * @param body whole body, position 0 to limit
 */
public record HttpAnswer(int status, Map<String, String> headers, ByteBuffer body) {
  public HttpAnswer {
    headers = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(headers));
  }
}
