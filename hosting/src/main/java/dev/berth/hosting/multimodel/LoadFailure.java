package dev.berth.hosting.multimodel;

import dev.berth.hosting.artifact.S3Uri;

/** Why a model that was asked for isn't there. */
public sealed interface LoadFailure {
  /** For people. */
  String message();

  /** TargetModel is none. */
  record BadName(String message) implements LoadFailure {}

  /**
   * S3 doesn't have it, or doesn't give it.
   *
   * @param message what happened
   */
  record Download(S3Uri archive, String message) implements LoadFailure {}

  /** It was downloaded, but is no archive that can be unpacked. */
  record Extract(S3Uri archive, String message) implements LoadFailure {}

  /**
   * The container doesn't take it.
   *
   * @param status HTTP status of its answer, or the one it would have; 507 when there is no room
   * @param message its body
   */
  record Rejected(int status, String message) implements LoadFailure {}

  /** It wasn't loaded in the time that a load has, or too many others wait already. */
  record NotReady(String message) implements LoadFailure {}

  /** The instance is no more. */
  record InstanceGone(String message) implements LoadFailure {}
}
