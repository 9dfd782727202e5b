/**
 * A model as its instances run it: what CreateModel was given, resolved and complete in itself, so
 * that endpoints and transform jobs can keep it when the model is deleted.
 */
@NullMarked
package dev.berth.hosting.plan;

import org.jspecify.annotations.NullMarked;
