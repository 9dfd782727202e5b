@NullMarked
package dev.berth.runtime.embedded.tree.xgboost;

import org.jspecify.annotations.NullMarked;
