package dev.berth.api.service;

/**
 * Who calls, and where: what an operation may need besides its input.
 *
 * @param requestId UUID of the call
 * @param account twelve-digit account id that owns what the call makes
 * @param region region the call is for, such as {@code us-east-1}
 * @param accessKeyId access key id of the signature, or the empty string for an unsigned call
 */
public record CallContext(String requestId, String account, String region, String accessKeyId) {}
