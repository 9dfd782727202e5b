package dev.berth.api.shape;

/** A generated enum: one closed set of texts of an API model. */
public interface WireEnum {

  /** Returns the text on the wire, such as {@code InService}. */
  String wire();
}
