package dev.berth.hosting.resource;

import java.util.Locale;
import java.util.Optional;

/**
 * ARNs of one account and region. The name in an ARN is lower case, whatever the case of the
 * resource's name, as AWS has been seen to do for endpoints.
 */
public record Arns(String account, String region) {

  /** Returns the ARN of a resource. */
  public String of(Kind kind, String name) {
    return prefix() + kind.arnType() + "/" + name.toLowerCase(Locale.ROOT);
  }

  /** Returns what {@code arn} names, empty when it isn't an ARN of this account and region. */
  public Optional<Parsed> parse(String arn) {
    if (!arn.startsWith(prefix())) {
      return Optional.empty();
    }
    String rest = arn.substring(prefix().length());
    int slash = rest.indexOf('/');
    if (slash < 0 || slash == rest.length() - 1) {
      return Optional.empty();
    }
    String name = rest.substring(slash + 1);
    return Kind.of(rest.substring(0, slash)).map(kind -> new Parsed(kind, name));
  }

  /**
   * What an ARN names.
   *
   * @param name what follows the kind; of a version in a group, {@code group/version}
   */
  public record Parsed(Kind kind, String name) {}

  private String prefix() {
    return "arn:%s:sagemaker:%s:%s:".formatted(partition(), region, account);
  }

  private String partition() {
    if (region.startsWith("cn-")) {
      return "aws-cn";
    }
    return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  }
}
