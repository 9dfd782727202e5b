/** Instances on their way into a runtime. */
@NullMarked
package dev.berth.hosting.instance;

import org.jspecify.annotations.NullMarked;
