package dev.berth.registry;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of a group besides name and creation time.
 *
 * @param policy resource policy, JSON
 * @param lastVersion the highest version that was ever given out, 0 before the first
 * @param lastCreatedAtMillis when that was, epoch milliseconds
 */
record GroupDocument(
    @Nullable String description,
    Caller createdBy,
    @Nullable String policy,
    int lastVersion,
    long lastCreatedAtMillis) {

  static GroupDocument parse(String json) {
    return Json.parse(json, GroupDocument.class);
  }

  String toJson() {
    return Json.write(this);
  }

  GroupDocument withPolicy(@Nullable String newPolicy) {
    return new GroupDocument(description, createdBy, newPolicy, lastVersion, lastCreatedAtMillis);
  }

  /** Returns this group after its next version was created. */
  GroupDocument counted(Instant createdAt) {
    return new GroupDocument(
        description, createdBy, policy, lastVersion + 1, createdAt.toEpochMilli());
  }
}
