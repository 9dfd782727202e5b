package dev.berth.api.shape;

/** A generated record: one structure of an API model. */
public interface Structure {

  /** Returns the members that are not null, by wire name, in the model's order. */
  Document toDocument();
}
