package dev.berth.store;

import java.time.Instant;

/**
 * A stored resource.
 *
 * @param key kind and name, the name in the case it was created with
 * @param id unique id, never used again after a delete
 * @param arn Amazon Resource Name; tags hang on it
 * @param createdAt creation time, millisecond precision
 * @param modifiedAt last change of status or document, millisecond precision
 * @param status status text for filters and sorting, such as {@code InService}; empty where the
 *     kind has none
 * @param version 1 when inserted, one more after each update
 * @param document JSON document: the request and whatever else the kind keeps
 */
public record Resource(
    ResourceKey key,
    String id,
    String arn,
    Instant createdAt,
    Instant modifiedAt,
    String status,
    long version,
    String document) {

  /** Returns this resource as it shall be next; {@link Transaction#update} counts the version. */
  public Resource with(String newStatus, String newDocument, Instant now) {
    return new Resource(key, id, arn, createdAt, now, newStatus, version, newDocument);
  }
}
