package dev.berth.hosting.tag;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.AddTagsInput;
import dev.berth.api.sagemaker.AddTagsOutput;
import dev.berth.api.sagemaker.DeleteTagsInput;
import dev.berth.api.sagemaker.DeleteTagsOutput;
import dev.berth.api.sagemaker.ListTagsInput;
import dev.berth.api.sagemaker.ListTagsOutput;
import dev.berth.api.sagemaker.Tag;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.Store;
import dev.berth.store.Transaction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** AddTags, ListTags and DeleteTags for every ARN that Berth issues. */
public final class TagOperations {
  /** ListTags' page when MaxResults is absent; the API documents none. */
  private static final int DEFAULT_PAGE = 50;

  private final Store store;
  private final Arns arns;

  public TagOperations(Store store, Arns arns) {
    this.store = store;
    this.arns = arns;
  }

  /** Adds tags, replacing the values of keys that are there; answers with all tags. */
  public AddTagsOutput add(AddTagsInput input, CallContext context) {
    Map<String, String> added = Tags.of(input.tags());
    String given = Objects.requireNonNull(input.resourceArn());
    Arns.Parsed target = parse(given);
    Map<String, String> all =
        store.write(transaction -> {
          String arn = existing(transaction.find(key(target)), target, given).arn();
          transaction.putTags(arn, added);
          Map<String, String> now = transaction.tags(arn);
          Tags.checkCount(arn, now.size());
          return now;
        });
    return AddTagsOutput.builder().tags(list(all)).build();
  }

  /** Lists tags in the order they were added. */
  public ListTagsOutput list(ListTagsInput input, CallContext context) {
    String given = Objects.requireNonNull(input.resourceArn());
    Arns.Parsed target = parse(given);
    Resource resource = existing(store.find(key(target)), target, given);
    List<Tag> all = list(store.tags(resource.arn()));
    int from = offset(input.nextToken(), all.size());
    int limit = input.maxResults() == null ? DEFAULT_PAGE : input.maxResults();
    int to = (int) Math.min(all.size(), (long) from + limit);
    return ListTagsOutput.builder()
        .tags(all.subList(from, to))
        .nextToken(to < all.size() ? Integer.toString(to) : null)
        .build();
  }

  /** Removes tags; keys that aren't there are passed over. */
  public DeleteTagsOutput delete(DeleteTagsInput input, CallContext context) {
    String given = Objects.requireNonNull(input.resourceArn());
    Arns.Parsed target = parse(given);
    List<String> keys = Objects.requireNonNull(input.tagKeys());
    return store.write(transaction -> {
      remove(transaction, existing(transaction.find(key(target)), target, given), keys);
      return DeleteTagsOutput.builder().build();
    });
  }

  private static void remove(Transaction transaction, Resource resource, List<String> keys) {
    transaction.removeTags(resource.arn(), keys);
  }

  private Arns.Parsed parse(String arn) {
    Arns.Parsed target = arns.parse(arn).orElseThrow(() -> notOurs(arn));
    if (target.kind() == Kind.MODEL_PACKAGE && target.name().contains("/")) {
      throw AwsException.validation(
          "Tags are not supported on a version of a model package: \"%s\". Tag its model package group, or use CustomerMetadataProperties."
              .formatted(arn));
    }
    return target;
  }

  private AwsException notOurs(String arn) {
    String kinds =
        Arrays.stream(Kind.values())
            .map(kind -> kind.words() + "s")
            .collect(Collectors.joining(", "));
    return AwsException.validation(
        "Invalid resource ARN \"%s\": tags are kept on %s of account %s in %s."
            .formatted(arn, kinds, arns.account(), arns.region()));
  }

  private static ResourceKey key(Arns.Parsed target) {
    return target.kind().key(target.name());
  }

  private static Resource existing(Optional<Resource> found, Arns.Parsed target, String givenArn) {
    return found.orElseThrow(() -> target.kind().notFound(givenArn));
  }

  private static int offset(@Nullable String token, int size) {
    if (token == null) {
      return 0;
    }
    try {
      int offset = Integer.parseInt(token);
      if (offset >= 0 && offset <= size) {
        return offset;
      }
    } catch (NumberFormatException _) {
      // Not a token of ours: said below.
    }
    throw AwsException.validation("Invalid pagination token because \"%s\".".formatted(token));
  }

  private static List<Tag> list(Map<String, String> tags) {
    var list = new ArrayList<Tag>();
    tags.forEach((key, value) -> list.add(Tag.builder().key(key).value(value).build()));
    return list;
  }
}
