/**
 * Streaming calls to HTTP origins: a container, or the object store beside us. A call, its pool and
 * its connection live on one event loop, the same as the client's connection, so nothing here locks
 * or hops threads.
 */
@NullMarked
package dev.berth.edge.backend;

import org.jspecify.annotations.NullMarked;
