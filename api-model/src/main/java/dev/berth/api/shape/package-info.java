/**
 * What generated records are made of: tables of members and constraints ({@link
 * dev.berth.api.shape.Shape}), the tree between wire and record ({@link
 * dev.berth.api.shape.Document}), and a service's operations. No protocol and no JSON here.
 */
@NullMarked
package dev.berth.api.shape;

import org.jspecify.annotations.NullMarked;
