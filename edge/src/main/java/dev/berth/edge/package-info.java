/**
 * The one port: HTTP/1.1 in front of every service. {@link dev.berth.edge.FrontHandler} keeps a
 * connection in order, {@link dev.berth.edge.ServiceChoice} decides which service a request is for,
 * and a {@link dev.berth.edge.Destination} says how that service takes it: whole on a virtual
 * thread, streamed on the event loop, or passed on to another HTTP server.
 */
@NullMarked
package dev.berth.edge;

import org.jspecify.annotations.NullMarked;
