/**
 * What every implementation of a seam keeps, as tests to extend. For the test scope only: nothing
 * that ships depends on this module.
 */
@NullMarked
package dev.berth.testing;

import org.jspecify.annotations.NullMarked;
