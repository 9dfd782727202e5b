@NullMarked
package dev.berth.runtime.embedded.tree.lightgbm;

import org.jspecify.annotations.NullMarked;
