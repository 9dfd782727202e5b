/**
 * InvokeEndpoint: an invocation finds its endpoint in the routing snapshot, a variant by weight, an
 * instance by the variant's strategy, and is answered by the model in this JVM or by the container.
 * All of it happens on the event loop of the client's connection, without store, lock or copy; only
 * models that take long are handed to worker threads.
 */
@NullMarked
package dev.berth.gateway;

import org.jspecify.annotations.NullMarked;
