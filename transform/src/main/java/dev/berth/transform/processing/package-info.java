/**
 * {@code DataProcessing}: what of a record is sent, and how answers and records become the output
 * (Developer Guide, "Associate Prediction Results with Input Records").
 */
@NullMarked
package dev.berth.transform.processing;

import org.jspecify.annotations.NullMarked;
