/** What the API's own model asks of Berth, asked of a running server. */
@NullMarked
package dev.berth.compat;

import org.jspecify.annotations.NullMarked;
