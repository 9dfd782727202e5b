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
 * @param parent name of the resource this one is a part of, such as the group of a version, in the
 *     case that resource was created with; empty where it is part of none
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
    String parent,
    long version,
    String document) {

  /** Makes a resource that is part of no other. */
  public Resource(
      ResourceKey key,
      String id,
      String arn,
      Instant createdAt,
      Instant modifiedAt,
      String status,
      long version,
      String document) {
    this(key, id, arn, createdAt, modifiedAt, status, "", version, document);
  }

  /**
   * Returns this resource, not inserted yet, as a part of the resource called {@code newParent}.
   */
  public Resource within(String newParent) {
    return new Resource(key, id, arn, createdAt, modifiedAt, status, newParent, version, document);
  }

  /** Returns this resource as it shall be next; {@link Transaction#update} counts the version. */
  public Resource with(String newStatus, String newDocument, Instant now) {
    return new Resource(key, id, arn, createdAt, now, newStatus, parent, version, newDocument);
  }
}
