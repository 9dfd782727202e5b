package dev.berth.api.shape;

/** The input or output of an operation that has none. */
public record Nothing() implements Structure {
  /** A structure without members. */
  public static final StructureShape<Nothing> SHAPE =
      new StructureShape<>("Nothing", _ -> new Nothing());

  @Override
  public Document toDocument() {
    return Document.EMPTY;
  }
}
