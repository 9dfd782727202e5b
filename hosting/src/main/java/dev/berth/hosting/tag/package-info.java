/** Tags on every resource that hosting owns. */
@NullMarked
package dev.berth.hosting.tag;

import org.jspecify.annotations.NullMarked;
