/**
 * What survives a restart: resources with their documents, status and version, and tags. A write is
 * one transaction that is on disk when it returns; a list is an index walk whatever the number of
 * resources.
 */
@NullMarked
package dev.berth.store;

import org.jspecify.annotations.NullMarked;
