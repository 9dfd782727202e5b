package dev.berth.gateway;

import org.jspecify.annotations.Nullable;

/**
 * The head of a container's 2xx answer.
 *
 * @param length bytes of the body, {@link HopRequest#UNKNOWN} where it comes in chunks
 */
record HopAnswer(@Nullable String contentType, @Nullable String customAttributes, long length) {}
