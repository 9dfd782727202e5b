/**
 * Models that answer rows of features with numbers: what XGBoost and LightGBM have in common.
 *
 * <p>{@link TabularModel} is the seam; the sub-packages read each library's files and evaluate them
 * in Java, because a call into a native library costs more than most single rows do.
 */
@NullMarked
package dev.berth.runtime.embedded.tree;

import org.jspecify.annotations.NullMarked;
