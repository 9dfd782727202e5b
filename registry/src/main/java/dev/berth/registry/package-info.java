/**
 * The model registry: model packages, alone or as numbered versions of a group, with their approval
 * and what it takes to run them. Hosting asks for a package's containers through its own seam,
 * {@link dev.berth.hosting.model.ModelPackages}, and knows nothing of this.
 */
@NullMarked
package dev.berth.registry;

import org.jspecify.annotations.NullMarked;
