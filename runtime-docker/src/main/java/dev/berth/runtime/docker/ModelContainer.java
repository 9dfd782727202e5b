package dev.berth.runtime.docker;

import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The container of one model, and whether it is to serve. Many threads at a time. */
final class ModelContainer {
  private final String id;

  /** Guarded by this. */
  private State state;

  /** Guarded by this: pings it. */
  private @Nullable Thread watch;

  private volatile @Nullable InetSocketAddress address;

  /** What it used when that was measured last; negative when the engine didn't tell. */
  private volatile long memoryBytes = ModelMemory.UNKNOWN;

  private enum State {
    COMING,
    SERVING,
    /** It is to end, or is left to others. */
    RESTING,
    /** Nothing is to be expected of it. */
    GIVEN_UP
  }

  private ModelContainer(String id, State state) {
    this.id = id;
    this.state = state;
  }

  /** One that is new. */
  static ModelContainer made(String id) {
    return new ModelContainer(id, State.COMING);
  }

  /** One that an earlier process has made, and that may serve. */
  static ModelContainer found(String id) {
    return new ModelContainer(id, State.SERVING);
  }

  /** The engine's id of it. */
  String id() {
    return id;
  }

  /** Where it takes requests. */
  InetSocketAddress address() {
    return Objects.requireNonNull(address);
  }

  boolean isAt(InetSocketAddress place) {
    return place.equals(address);
  }

  void moveTo(InetSocketAddress place) {
    address = place;
  }

  void measured(long bytes) {
    memoryBytes = bytes;
  }

  /** Returns the memory it used when that was measured last. */
  OptionalLong memoryBytes() {
    long bytes = memoryBytes;
    return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
  }

  /** Notes that it is healthy, and has it watched if it isn't yet. */
  synchronized void serve(Runnable watching) {
    if (state == State.GIVEN_UP) {
      return;
    }
    state = State.SERVING;
    if (watch == null) {
      watch = Thread.ofVirtual().name("model-watch").start(watching);
    }
  }

  /** Whether its end would be a failure. */
  synchronized boolean isToServe() {
    return state == State.SERVING;
  }

  synchronized boolean isGivenUp() {
    return state == State.GIVEN_UP;
  }

  /** Watches it no more: what it does from here on, its end too, is no failure. */
  synchronized void rest() {
    if (state != State.GIVEN_UP) {
      state = State.RESTING;
    }
    endWatch();
  }

  /** Watches it no more, and expects nothing of it any more. */
  synchronized void giveUp() {
    state = State.GIVEN_UP;
    endWatch();
  }

  private void endWatch() {
    Thread watching = watch;
    watch = null;
    if (watching != null && !watching.equals(Thread.currentThread())) {
      watching.interrupt();
    }
  }
}
