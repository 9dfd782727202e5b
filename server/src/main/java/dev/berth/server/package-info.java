/**
 * The server: its settings, and the one place where all parts are made, in the order they need one
 * another, and closed backwards.
 */
@NullMarked
package dev.berth.server;

import org.jspecify.annotations.NullMarked;
