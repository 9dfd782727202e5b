package dev.berth.hosting.runtime;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a container would get as {@code POST /invocations}.
 *
 * @param contentType {@code Content-Type} as the caller sent it, or null
 * @param accept {@code Accept} as the caller sent it, or null
 * @param customAttributes {@code X-Amzn-SageMaker-Custom-Attributes}, or null
 * @param body whole payload, position to limit; only valid during the call
 */
public record ModelRequest(
    @Nullable String contentType,
    @Nullable String accept,
    @Nullable String customAttributes,
    ByteBuffer body) {}
