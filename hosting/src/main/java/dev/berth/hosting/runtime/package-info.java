/**
 * The seam between what should run and what runs it. A {@link ContainerRuntime} starts, stops and
 * observes instances; it never decides. Embedded, Docker and Kubernetes implement it and pass one
 * contract.
 */
@NullMarked
package dev.berth.hosting.runtime;

import org.jspecify.annotations.NullMarked;
