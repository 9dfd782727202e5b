/**
 * One AWS service as a function from an HTTP call to an HTTP answer: which operation it names, its
 * input parsed and validated against the official model, the handler that executes it, and the
 * answer or error in the protocol's wire form. Nothing here knows sockets or hosting.
 */
@NullMarked
package dev.berth.api.service;

import org.jspecify.annotations.NullMarked;
