package dev.berth.hosting.multimodel;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Models in the order of their last use. An invocation only notes the time; the order is put right
 * when a victim is looked for, so that a hit needs no lock. The cache's lock guards it.
 */
final class Usage {
  private final PriorityQueue<LoadedModel> queue =
      new PriorityQueue<>(Comparator.comparingLong(model -> model.queuedNanos));

  void add(LoadedModel model) {
    model.queuedNanos = model.lastUsedNanos();
    queue.add(model);
  }

  void remove(LoadedModel model) {
    queue.remove(model);
  }

  int size() {
    return queue.size();
  }

  Collection<LoadedModel> all() {
    return List.copyOf(queue);
  }

  /**
   * Takes out the model that was used least recently, of those that nobody uses now; null when
   * there is none. It is leaving from then on.
   */
  @Nullable LoadedModel takeVictim() {
    List<LoadedModel> busy = new ArrayList<>();
    LoadedModel victim = null;
    while (victim == null && !queue.isEmpty()) {
      LoadedModel first = queue.remove();
      if (first.lastUsedNanos() != first.queuedNanos) {
        add(first); // used since: it stands further back
      } else if (first.leave()) {
        victim = first;
      } else {
        busy.add(first);
      }
    }
    queue.addAll(busy);
    return victim;
  }
}
