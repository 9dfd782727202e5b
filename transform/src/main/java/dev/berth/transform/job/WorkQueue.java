package dev.berth.transform.job;

import dev.berth.transform.input.InputObject;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The objects that are still to be done, for all instances of a job. An object is with one instance
 * at a time; what an instance gives back goes to whoever asks next. Many threads at a time.
 */
final class WorkQueue {
  private final Deque<InputObject> waiting;
  private final Map<Integer, Integer> attempts = new HashMap<>();
  private int left;

  WorkQueue(Collection<InputObject> objects) {
    this.waiting = new ArrayDeque<>(objects);
    this.left = objects.size();
  }

  /** Returns the next object, waiting while others may give one back; null when all are done. */
  synchronized @Nullable InputObject take() throws InterruptedException {
    while (waiting.isEmpty() && left > 0) {
      wait();
    }
    return left == 0 ? null : waiting.pollFirst();
  }

  /** Tells that an object is done, or has failed for good. */
  synchronized void finished() {
    left--;
    if (left == 0) {
      notifyAll();
    }
  }

  /** Puts an object back; returns how often that happened to it. */
  synchronized int giveBack(InputObject object) {
    waiting.addFirst(object);
    notifyAll();
    return attempts.merge(object.index(), 1, Integer::sum);
  }

  /** Returns how often an object was put back. */
  synchronized int attempts(InputObject object) {
    return attempts.getOrDefault(object.index(), 0);
  }

  /** Objects not finished yet. */
  synchronized int left() {
    return left;
  }
}
