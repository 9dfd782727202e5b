/** Who calls. Today that is STS's GetCallerIdentity, which every AWS tool asks first. */
@NullMarked
package dev.berth.identity;

import org.jspecify.annotations.NullMarked;
