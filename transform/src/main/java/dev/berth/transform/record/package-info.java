/**
 * Records: how an object is split ({@code SplitType}) and how its records are packed into requests
 * ({@code BatchStrategy}, {@code MaxPayloadInMB}).
 */
@NullMarked
package dev.berth.transform.record;

import org.jspecify.annotations.NullMarked;
