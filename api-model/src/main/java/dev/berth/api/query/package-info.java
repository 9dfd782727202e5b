/** AWS Query: operations as forms, answers as XML, and a service that speaks it. */
@NullMarked
package dev.berth.api.query;

import org.jspecify.annotations.NullMarked;
