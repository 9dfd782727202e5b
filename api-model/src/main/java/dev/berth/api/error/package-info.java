/** AWS's errors: a code, a status, a message, and how each protocol writes them. */
@NullMarked
package dev.berth.api.error;

import org.jspecify.annotations.NullMarked;
