/** Why an object, or a job, could not be transformed. */
@NullMarked
package dev.berth.transform.failure;

import org.jspecify.annotations.NullMarked;
