/**
 * S3 for artifacts and data: {@link dev.berth.objectstore.EmbeddedObjectStore}, an S3 endpoint over
 * a folder of this machine, and {@link dev.berth.objectstore.ExternalObjectSource}, a reader of an
 * S3 somewhere else. Staging reads either through {@link dev.berth.hosting.artifact.ObjectSource}.
 */
@NullMarked
package dev.berth.objectstore;

import org.jspecify.annotations.NullMarked;
