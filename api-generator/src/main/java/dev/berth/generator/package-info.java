/**
 * Turns official AWS API models into Java at build time: a record for each structure, an enum for
 * each closed set of texts, the constraints of both as tables, and a table of operations.
 *
 * <p>{@link dev.berth.generator.ApiModel} reads, the writers emit, {@link
 * dev.berth.generator.Generator} is the command the build runs. What it emits depends on {@code
 * dev.berth.api.shape} by name only, so this module knows none of ours.
 */
@NullMarked
package dev.berth.generator;

import org.jspecify.annotations.NullMarked;
