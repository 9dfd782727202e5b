/**
 * Model artifacts: from objects in S3 to read-only directories on this machine, staged once per
 * content and shared by all that use it.
 */
@NullMarked
package dev.berth.hosting.artifact;

import org.jspecify.annotations.NullMarked;
