/**
 * A transform job at work: its objects, its instances, what it has finished. Everything that a
 * restart needs is on disk before it counts.
 */
@NullMarked
package dev.berth.transform.job;

import org.jspecify.annotations.NullMarked;
