/** Endpoint configs: immutable lists of variants, each a model with its capacity and weight. */
@NullMarked
package dev.berth.hosting.config;

import org.jspecify.annotations.NullMarked;
