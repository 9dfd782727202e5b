package dev.berth.runtime.embedded;

/** What an instance has as long as it lives. */
@FunctionalInterface
interface Held {

  /** Gives it back; returns when it is freed. Again does nothing but wait for the first. */
  void release();
}
