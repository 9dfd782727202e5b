/**
 * How a model answers {@code POST /invocations}: content types, payload formats, status codes and
 * texts of the container it stands for.
 *
 * <p>Tabular models answer as AWS's XGBoost container 1.7-1 to 3.2-0 does ({@code serve.py}, {@code
 * serve_utils.py} and {@code encoder.py} of aws/sagemaker-xgboost-container). This is the hot path:
 * bytes become floats and floats become bytes without a text in between.
 */
@NullMarked
package dev.berth.runtime.embedded.serving;

import org.jspecify.annotations.NullMarked;
