/** What all resources share: ARNs, AWS's words for missing and existing ones, list tokens. */
@NullMarked
package dev.berth.hosting.resource;

import org.jspecify.annotations.NullMarked;
