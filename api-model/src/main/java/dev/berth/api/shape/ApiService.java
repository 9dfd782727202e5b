package dev.berth.api.shape;

import java.util.List;
import java.util.Set;

/**
 * What an API model says of a service as a whole.
 *
 * @param id such as {@code SageMaker}
 * @param version date of the API, such as {@code 2017-07-24}
 * @param targetPrefix what stands before the dot in {@code X-Amz-Target}; empty in other protocols
 * @param xmlNamespace namespace of answers in the Query protocol; empty in other protocols
 * @param executed the operations generated for execution
 * @param known names of all operations of the model, executed or not
 * @param errors names of all error shapes of the model
 */
public record ApiService(
    String id,
    String version,
    String targetPrefix,
    String xmlNamespace,
    List<Operation<?, ?>> executed,
    Set<String> known,
    Set<String> errors) {}
