/**
 * LightGBM models: the text files that LightGBM 2 to 4 write, and their evaluation.
 *
 * <p>Nothing here knows HTTP, CSV or SageMaker's answers.
 */
@NullMarked
package dev.berth.runtime.embedded.tree.lightgbm;

import org.jspecify.annotations.NullMarked;
