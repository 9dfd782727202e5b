package dev.berth.api.service;

/**
 * Who calls, and where: what an operation may need besides its input.
 *
 * @param requestId UUID of the call
 * @param account twelve-digit account id that owns what the call makes
 * @param region region the call is for, such as {@code us-east-1}
 * @param accessKeyId access key id of the signature, or the empty string for an unsigned call
 */
public record CallContext(String requestId, String account, String region, String accessKeyId) {

  /** ARN of who calls: in open mode all credentials are the account's one user. */
  public String callerArn() {
    return "arn:aws:iam::%s:user/berth".formatted(account);
  }

  /** Unique id of who calls; those of IAM users start with AIDA and have 21 characters. */
  public String callerId() {
    return "AIDABERTHOPENMODE0000";
  }
}
