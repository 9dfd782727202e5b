package dev.berth.runtime.docker;

import java.util.List;

/**
 * An image's name, {@code registry/repository[:tag][@digest]}, taken apart.
 *
 * @param repository registry and repository, as given
 * @param digest {@code sha256:…}, empty without one
 */
record ImageName(String repository, String digest) {

  static ImageName of(String image) {
    int at = image.indexOf('@');
    String tagged = at < 0 ? image : image.substring(0, at);
    int colon = tagged.lastIndexOf(':');
    boolean hasTag = colon > tagged.lastIndexOf('/');
    return new ImageName(
        hasTag ? tagged.substring(0, colon) : tagged, at < 0 ? "" : image.substring(at + 1));
  }

  /**
   * Returns what the image stands for: its repository with the digest it has there, or in another
   * one that the same image was pulled from.
   *
   * @param digests {@code repository@sha256:…} of the local image
   * @param id its id, for one that was never in a registry
   */
  String resolved(List<String> digests, String id) {
    if (!digest.isEmpty()) {
      return repository + "@" + digest;
    }
    return digests.stream()
        .filter(candidate -> of(candidate).repository().equals(repository))
        .findFirst()
        .or(() -> digests.stream().findFirst())
        .map(known -> repository + "@" + of(known).digest())
        .orElse(id);
  }
}
