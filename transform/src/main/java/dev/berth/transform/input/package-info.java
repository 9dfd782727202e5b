/** A job's input objects, and where the output of each goes. */
@NullMarked
package dev.berth.transform.input;

import org.jspecify.annotations.NullMarked;
