package dev.berth.store;

/**
 * Identity of a resource within an account and a region. Names that differ only in case are the
 * same name, as in SageMaker ("The name is case-insensitive in CreateEndpoint, but the case is
 * preserved", API Reference, CreateEndpoint); the resource keeps the case it was created with.
 *
 * @param kind resource type as in ARNs: {@code model}, {@code endpoint-config}, {@code endpoint}
 * @param name resource name, any case
 */
public record ResourceKey(String kind, String name) {}
