package dev.berth.api.service;

/**
 * Answers whole HTTP calls. Called on a virtual thread, so it may block; many threads at a time.
 */
@FunctionalInterface
public interface HttpService {

  /** Returns the answer; an exception that escapes is a bug and becomes a 500 at the edge. */
  HttpAnswer answer(HttpCall call);
}
