/**
 * XGBoost models: the files that xgboost 0.90 to 3.x write, and their evaluation.
 *
 * <p>Nothing here knows HTTP, CSV or SageMaker's answers.
 */
@NullMarked
package dev.berth.runtime.embedded.tree.xgboost;

import org.jspecify.annotations.NullMarked;
