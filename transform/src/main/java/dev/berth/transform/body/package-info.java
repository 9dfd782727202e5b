/**
 * Bytes on their way to a container and back: in memory as long as all jobs together keep to a
 * budget, in files of their own beyond it.
 */
@NullMarked
package dev.berth.transform.body;

import org.jspecify.annotations.NullMarked;
