/**
 * AWS JSON 1.1: documents from and to JSON, and a service that speaks it. Input is hostile until it
 * has a document's types; whatever it is, it ends in a document or a {@code
 * SerializationException}.
 */
@NullMarked
package dev.berth.api.json;

import org.jspecify.annotations.NullMarked;
