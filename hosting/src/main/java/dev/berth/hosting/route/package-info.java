/**
 * Where invocations go: immutable snapshots that hosting publishes and the gateway reads, without a
 * lock and without asking the store.
 */
@NullMarked
package dev.berth.hosting.route;

import org.jspecify.annotations.NullMarked;
