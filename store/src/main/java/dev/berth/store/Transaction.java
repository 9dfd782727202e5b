package dev.berth.store;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** What can be done within one write. Valid only during the call it is given to. */
public interface Transaction {

  /**
   * Adds a resource, with version 1.
   *
   * @throws ResourceExistsException when one with this key exists
   */
  void insert(Resource resource);

  /** Returns the resource as this transaction sees it. */
  Optional<Resource> find(ResourceKey key);

  /**
   * Returns the resource as it is now, and keeps others from locking, changing or deleting it until
   * this transaction has ended: who counts on one resource takes turns. To lock several, lock them
   * in the order of their kinds and names.
   */
  Optional<Resource> lock(ResourceKey key);

  /** Returns one page of resources as this transaction sees them. */
  Page list(ListQuery query);

  /**
   * Replaces status, document and modification time of the resource with this id and version.
   *
   * @return the resource with its new version
   * @throws StaleResourceException when it is gone or was changed since it was read
   */
  Resource update(Resource resource);

  /** Removes a resource and its tags; returns whether there was one. */
  boolean delete(ResourceKey key);

  /** Returns the tags on an ARN, in the order they were added. */
  Map<String, String> tags(String arn);

  /** Adds tags to an ARN, replacing values of keys it has. */
  void putTags(String arn, Map<String, String> tags);

  /** Removes tags from an ARN; keys it doesn't have are passed over. */
  void removeTags(String arn, Collection<String> keys);

  /** There is already a resource with this key. */
  final class ResourceExistsException extends RuntimeException {
    private final transient Resource existing;

    public ResourceExistsException(Resource existing) {
      super("already exists: " + existing.arn());
      this.existing = existing;
    }

    public Resource existing() {
      return existing;
    }
  }

  /** The resource is gone or was changed since it was read. */
  final class StaleResourceException extends RuntimeException {
    public StaleResourceException(Resource read) {
      super("changed since version %d was read: %s".formatted(read.version(), read.arn()));
    }
  }
}
