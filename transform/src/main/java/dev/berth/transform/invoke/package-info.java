/** Requests to the containers of a transform job's instances. */
@NullMarked
package dev.berth.transform.invoke;

import org.jspecify.annotations.NullMarked;
