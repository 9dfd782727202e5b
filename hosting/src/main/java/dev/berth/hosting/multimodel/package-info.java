/**
 * Multi-model endpoints: thousands of models behind one endpoint, of which those asked for lately
 * are in memory.
 *
 * <p>Each instance has one {@link dev.berth.hosting.multimodel.ModelCache}. The gateway looks a
 * model up without a lock; what isn't there is staged, and loaded into the instance's {@link
 * dev.berth.hosting.runtime.ModelHost}, on a thread of its own, once however many ask.
 */
@NullMarked
package dev.berth.hosting.multimodel;

import org.jspecify.annotations.NullMarked;
