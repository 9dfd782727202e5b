/** How busy a container, or one of the models in it, is. */
@NullMarked
package dev.berth.hosting.load;

import org.jspecify.annotations.NullMarked;
