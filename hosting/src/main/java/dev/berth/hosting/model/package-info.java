/** Models: a name for one or more containers, their data and their role. */
@NullMarked
package dev.berth.hosting.model;

import org.jspecify.annotations.NullMarked;
