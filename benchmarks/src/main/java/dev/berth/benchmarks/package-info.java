/** What the benches need of Java: data folders with more models than HTTP could make in time. */
@NullMarked
package dev.berth.benchmarks;

import org.jspecify.annotations.NullMarked;
