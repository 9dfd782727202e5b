package dev.berth.hosting.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a container would answer.
 *
 * @param status HTTP status; 2xx is a prediction, anything else becomes a ModelError
 * @param contentType {@code Content-Type}, or null
 * @param body whole body, position to limit; the receiver owns it
 */
public record ModelResponse(int status, @Nullable String contentType, ByteBuffer body) {

  /** Returns a plain-text answer, UTF-8. */
  public static ModelResponse text(int status, String message) {
    return new ModelResponse(
        status, "text/plain; charset=utf-8", StandardCharsets.UTF_8.encode(message));
  }
}
