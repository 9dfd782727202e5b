package dev.berth.store;

import java.util.Map;
import java.util.Optional;

/** Resources and tags of one account and region. Blocks; many threads at a time. */
public interface Store extends AutoCloseable {

  /**
   * Runs {@code work} as one transaction and returns its result once it is durable. When {@code
   * work} throws, nothing of it is kept and the exception is passed on. Work may be run on another
   * thread and must not call the store itself.
   */
  <T> T write(Work<T> work);

  /** Returns the resource with this key. */
  Optional<Resource> find(ResourceKey key);

  /** Returns one page of resources. */
  Page list(ListQuery query);

  /** Returns the tags on an ARN, in the order they were added. */
  Map<String, String> tags(String arn);

  @Override
  void close();

  /** The body of a transaction. */
  @FunctionalInterface
  interface Work<T> {
    T run(Transaction transaction);
  }
}
