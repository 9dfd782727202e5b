package dev.berth.hosting.runtime;

import java.time.Instant;
import java.util.List;

/**
 * An instance as a runtime finds it.
 *
 * @param since when it entered {@code state}
 * @param images what each container's image stands for, in the order of the spec; empty as long as
 *     that isn't known, and where images are only names
 * @param note what people should know of it whatever its state, such as that it has less memory
 *     than its type; empty if nothing
 */
public record ObservedInstance(
    InstanceId id, InstanceState state, Instant since, List<ResolvedImage> images, String note) {
  public ObservedInstance {
    images = List.copyOf(images);
  }

  /** Makes one without images or note. */
  public ObservedInstance(InstanceId id, InstanceState state, Instant since) {
    this(id, state, since, List.of(), "");
  }

  /** Returns this instance in another state. */
  public ObservedInstance in(InstanceState newState, Instant newSince) {
    return new ObservedInstance(id, newState, newSince, images, note);
  }
}
