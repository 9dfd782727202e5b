@NullMarked
package dev.berth.runtime.embedded.tree;

import org.jspecify.annotations.NullMarked;
