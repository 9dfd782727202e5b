package dev.berth.hosting.runtime;

/**
 * What a multi-model container serves.
 *
 * @param prefixUrl S3 prefix that {@code TargetModel} is joined to, as {@code s3://bucket/prefix},
 *     with or without a slash at its end
 * @param keepsModels whether models stay loaded after use ({@code ModelCacheSetting})
 */
public record MultiModelSpec(String prefixUrl, boolean keepsModels) {}
