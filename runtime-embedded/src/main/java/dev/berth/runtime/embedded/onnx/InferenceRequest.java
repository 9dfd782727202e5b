package dev.berth.runtime.embedded.onnx;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request of the Open Inference Protocol v2, checked against the model.
 *
 * @param id what the caller names it, to be echoed
 * @param inputs elements for each of the model's inputs
 * @param outputs the outputs asked for in their order, empty for all
 */
record InferenceRequest(Optional<String> id, Map<String, Elements> inputs, List<String> outputs) {}
