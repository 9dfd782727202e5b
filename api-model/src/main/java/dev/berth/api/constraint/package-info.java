/** Checks input against the constraints of its API model and words what fails as AWS does. */
@NullMarked
package dev.berth.api.constraint;

import org.jspecify.annotations.NullMarked;
