package dev.berth.store;

import dev.berth.store.Rows.Scope;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** One caller's write on the open transaction of a connection. One thread. */
final class SqlTransaction implements Transaction {
  private final Handle handle;
  private final Scope scope;

  SqlTransaction(Handle handle, Scope scope) {
    this.handle = handle;
    this.scope = scope;
  }

  @Override
  public void insert(Resource resource) {
    int inserted =
        handle
            .createUpdate(
                """
                insert into resource (account, region, kind, key, name, id, arn, created_at,
                  modified_at, status, version, document)
                values (:account, :region, :kind, :key, :name, :id, :arn, :created, :modified,
                  :status, 1, :document)
                on conflict do nothing\
                """)
            .bind("account", scope.account())
            .bind("region", scope.region())
            .bind("kind", resource.key().kind())
            .bind("key", Rows.key(resource.key().name()))
            .bind("name", resource.key().name())
            .bind("id", resource.id())
            .bind("arn", resource.arn())
            .bind("created", resource.createdAt().toEpochMilli())
            .bind("modified", resource.modifiedAt().toEpochMilli())
            .bind("status", resource.status())
            .bind("document", resource.document())
            .execute();
    if (inserted == 0) {
      throw new ResourceExistsException(find(resource.key()).orElse(resource));
    }
  }

  @Override
  public Optional<Resource> find(ResourceKey key) {
    return Rows.find(handle, scope, key);
  }

  @Override
  public Resource update(Resource resource) {
    int updated =
        handle
            .createUpdate(
                "update resource set status = :status, document = :document, modified_at = :modified, version = version + 1 where "
                    + Rows.SCOPE
                    + " and key = :key and id = :id and version = :version")
            .bind("account", scope.account())
            .bind("region", scope.region())
            .bind("kind", resource.key().kind())
            .bind("key", Rows.key(resource.key().name()))
            .bind("id", resource.id())
            .bind("version", resource.version())
            .bind("status", resource.status())
            .bind("document", resource.document())
            .bind("modified", resource.modifiedAt().toEpochMilli())
            .execute();
    if (updated == 0) {
      throw new StaleResourceException(resource);
    }
    return new Resource(
        resource.key(),
        resource.id(),
        resource.arn(),
        resource.createdAt(),
        resource.modifiedAt(),
        resource.status(),
        resource.version() + 1,
        resource.document());
  }

  @Override
  public boolean delete(ResourceKey key) {
    Optional<Resource> found = find(key);
    if (found.isEmpty()) {
      return false;
    }
    handle
        .createUpdate("delete from tag where arn = :arn")
        .bind("arn", found.get().arn())
        .execute();
    handle
        .createUpdate("delete from resource where " + Rows.SCOPE + " and key = :key")
        .bind("account", scope.account())
        .bind("region", scope.region())
        .bind("kind", key.kind())
        .bind("key", Rows.key(key.name()))
        .execute();
    return true;
  }

  @Override
  public Map<String, String> tags(String arn) {
    return Rows.tags(handle, arn);
  }

  @Override
  public void putTags(String arn, Map<String, String> tags) {
    tags.forEach((key, value) ->
        handle
            .createUpdate(
                "insert into tag (arn, key, value) values (:arn, :key, :value) on conflict (arn, key) do update set value = excluded.value")
            .bind("arn", arn)
            .bind("key", key)
            .bind("value", value)
            .execute());
  }

  @Override
  public void removeTags(String arn, Collection<String> keys) {
    for (String key : keys) {
      handle
          .createUpdate("delete from tag where arn = :arn and key = :key")
          .bind("arn", arn)
          .bind("key", key)
          .execute();
    }
  }
}
