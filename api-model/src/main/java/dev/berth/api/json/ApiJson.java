package dev.berth.api.json;

import dev.berth.api.error.AwsException;
import dev.berth.api.shape.Document;
import dev.berth.api.shape.Structure;
import dev.berth.api.shape.StructureShape;
import java.nio.ByteBuffer;

/**
 * Records and documents as JSON in AWS's form: wire names, times in seconds since the epoch, bytes
 * in base64, absent members left out.
 */
public final class ApiJson {
  private ApiJson() {}

  /**
   * Returns the document of a request's body; an empty body is an empty structure.
   *
   * @param body UTF-8, position to limit, not consumed
   * @throws AwsException {@code SerializationException} if it is not JSON of the shape's types;
   *     members the shape does not have are ignored, null is absent
   */
  public static Document parse(ByteBuffer body, StructureShape<?> shape) {
    return JsonReader.read(body, shape);
  }

  /** Returns {@code document} as one line of JSON. */
  public static String write(Document document) {
    return JsonWriter.write(document);
  }

  /** Returns {@code record} as one line of JSON, for keeping; {@link #fromJson} reads it again. */
  public static String toJson(Structure record) {
    return write(record.toDocument());
  }

  /**
   * Returns the record that {@link #toJson} wrote. Constraints are not checked again.
   *
   * @param shape the record's {@code SHAPE}
   * @throws IllegalArgumentException if {@code json} does not have that shape
   */
  public static <T extends Structure> T fromJson(String json, StructureShape<T> shape) {
    try {
      return shape.read(JsonReader.read(json, shape));
    } catch (AwsException e) {
      throw new IllegalArgumentException(
          "not the JSON of a %s: %s".formatted(shape.name(), e.text()), e);
    }
  }
}
