/**
 * Endpoints: what a user asked for, what is running, and the steps from one to the other.
 *
 * <p>{@link EndpointPlanner} decides and is pure; {@link EndpointReconciler} does, through {@link
 * dev.berth.hosting.runtime.ContainerRuntime}, and publishes routes. {@link EndpointOperations}
 * changes only what is desired, in one store transaction. Nothing here knows HTTP, Docker or SQL.
 */
@NullMarked
package dev.berth.hosting.endpoint;

import org.jspecify.annotations.NullMarked;
