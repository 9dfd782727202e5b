/**
 * ONNX models, run by ONNX Runtime and invoked with the Open Inference Protocol v2 (JSON), or with
 * {@code text/csv} when the model takes one float matrix.
 *
 * <p>ONNX Runtime's library is loaded with the first model, not before.
 */
@NullMarked
package dev.berth.runtime.embedded.onnx;

import org.jspecify.annotations.NullMarked;
