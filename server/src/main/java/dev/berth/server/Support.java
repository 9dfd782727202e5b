package dev.berth.server;

import dev.berth.hosting.runtime.Capability;

/** What Berth does with a member of an operation's input. */
sealed interface Support {

  /** Does what AWS does. */
  record Honoured() implements Support {}

  /** Kept and given back, with all it holds; nothing else comes of it. */
  record Stored() implements Support {}

  /**
   * Answered with an error.
   *
   * @param when when not always, and why: completes "refused"
   */
  record Refused(String when) implements Support {}

  /**
   * Makes no difference.
   *
   * @param why completes "ignored, as"
   */
  record Ignored(String why) implements Support {}

  /** Kept, and honoured by runtimes that can; with others the deployment fails and says so. */
  record Needs(Capability capability) implements Support {}
}
