/** What every store keeps, and what is particular to each. */
@NullMarked
package dev.berth.store;

import org.jspecify.annotations.NullMarked;
