/**
 * The embedded runtime: models of well-known formats run inside this JVM, with no container.
 *
 * <p>{@link EmbeddedRuntime} is the seam's implementation; {@code serving} and {@code onnx} answer
 * invocations, {@code tree} evaluates tree models.
 */
@NullMarked
package dev.berth.runtime.embedded;

import org.jspecify.annotations.NullMarked;
