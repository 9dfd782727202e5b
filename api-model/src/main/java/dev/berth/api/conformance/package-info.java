/**
 * Requests made from an API model, each with what must come of it: the constraints of every member
 * of every executed operation, broken one at a time. Tests send them to a service or a running
 * server.
 */
@NullMarked
package dev.berth.api.conformance;

import org.jspecify.annotations.NullMarked;
