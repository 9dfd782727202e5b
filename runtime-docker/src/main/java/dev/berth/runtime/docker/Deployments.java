package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.ResolvedImage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the images of each deployment of a variant stand for. The first instance finds out while the
 * others wait, so that all are of the same, wherever a tag is moved to meanwhile.
 */
final class Deployments {
  private final Map<Place, Slot> slots = new ConcurrentHashMap<>();

  private record Place(Owner owner, long generation, String variant, int position) {
    static Place of(InstanceId id, int position) {
      return new Place(id.owner(), id.generation(), id.variant(), position);
    }

    boolean isOf(InstanceId id) {
      return equals(of(id, position));
    }
  }

  private static final class Slot {
    private final ReentrantLock turn = new ReentrantLock();

    /** Guarded by turn. */
    private @Nullable ResolvedImage image;
  }

  /** Finds an image, given what it is known to stand for. */
  @FunctionalInterface
  interface Search {
    Images.Local find(@Nullable ResolvedImage known) throws InterruptedException;
  }

  /** Returns an image as {@code search} finds it, the same for all instances like this one. */
  Images.Local find(InstanceId id, int position, Search search) throws InterruptedException {
    Slot slot = slots.computeIfAbsent(Place.of(id, position), _ -> new Slot());
    slot.turn.lockInterruptibly();
    try {
      Images.Local found = search.find(slot.image);
      slot.image = found.resolved();
      return found;
    } finally {
      slot.turn.unlock();
    }
  }

  /** Learns what an image stands for from a container that an earlier process has made. */
  void learn(InstanceId id, int position, ResolvedImage image) {
    var slot = new Slot();
    slot.image = image;
    slots.putIfAbsent(Place.of(id, position), slot);
  }

  /** Forgets what instances like this one are of, as there is none any more. */
  void forget(InstanceId id) {
    slots.keySet().removeIf(place -> place.isOf(id));
  }
}
