package dev.berth.hosting.runtime;

/**
 * Which content an image stands for, found once for a deployment and the same for all its
 * instances.
 *
 * @param reference {@code repository@sha256:…}; for an image that was never in a registry, {@code
 *     sha256:…}, its id on the engine
 * @param id its id where it runs, which finds it under whatever name it was pulled
 * @param resolvedAtMillis when it was found, epoch milliseconds
 */
public record ResolvedImage(String reference, String id, long resolvedAtMillis) {}
