package dev.berth.hosting.tag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.api.sagemaker.AddTagsInput;
import dev.berth.api.sagemaker.DeleteTagsInput;
import dev.berth.api.sagemaker.ListTagsInput;
import dev.berth.api.sagemaker.ListTagsOutput;
import dev.berth.api.sagemaker.Tag;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TagOperationsTest {
  private static final CallContext CALL = new CallContext("r", "000000000000", "us-east-1", "test");
  private static final Arns ARNS = new Arns("000000000000", "us-east-1");
  private static final String ARN = ARNS.of(Kind.MODEL, "m");

  @TempDir Path folder;
  private Store store;
  private TagOperations tags;

  @BeforeEach
  void open() {
    store = SqliteStore.open(folder, "000000000000", "us-east-1");
    tags = new TagOperations(store, ARNS);
    Instant now = Instant.ofEpochMilli(0);
    var model = new Resource(new ResourceKey("model", "m"), "id", ARN, now, now, "", 1, "{}");
    store.write(transaction -> {
      transaction.insert(model);
      return 0;
    });
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void added_tags_are_answered_and_listed_in_their_order() {
    add(tag("b", "1"), tag("a", "2"));
    assertThat(add(tag("b", "3"))).containsExactly(tag("b", "3"), tag("a", "2"));
    assertThat(list(null, null).tags()).containsExactly(tag("b", "3"), tag("a", "2"));
  }

  @Test
  void removed_tags_are_gone_and_unknown_keys_passed_over() {
    add(tag("a", "1"), tag("b", "2"));
    tags.delete(
        DeleteTagsInput.builder().resourceArn(ARN).tagKeys(List.of("a", "zzz")).build(), CALL);
    assertThat(list(null, null).tags()).containsExactly(tag("b", "2"));
  }

  @Test
  void a_resource_has_at_most_fifty_tags() {
    var fifty = new ArrayList<Tag>();
    for (int i = 0; i < 50; i++) {
      fifty.add(tag("k" + i, "v"));
    }
    add(fifty.toArray(Tag[]::new));
    assertThatThrownBy(() -> add(tag("one", "more")))
        .hasMessage(
            "Cannot have more than 50 tags on resource \"%s\": it would have 51.".formatted(ARN));
    assertThat(list(null, null).tags()).hasSize(50);
  }

  @Test
  void the_prefix_of_aws_is_reserved() {
    assertThatThrownBy(() -> add(tag("AWS:x", "1")))
        .hasMessageStartingWith("aws: prefixed tag key names are not allowed for external use.");
  }

  @Test
  void a_key_is_given_once() {
    assertThatThrownBy(() -> add(tag("a", "1"), tag("a", "2")))
        .hasMessage("Duplicate tag key found in the request: a");
  }

  @Test
  void a_resource_that_is_not_there_has_no_tags() {
    String arn = ARNS.of(Kind.ENDPOINT, "nope");
    assertThatThrownBy(() -> tags.list(ListTagsInput.builder().resourceArn(arn).build(), CALL))
        .hasMessage("Could not find endpoint \"%s\".".formatted(arn));
  }

  @Test
  void an_arn_of_elsewhere_is_refused() {
    assertThatThrownBy(() ->
            tags.list(
                ListTagsInput.builder()
                    .resourceArn("arn:aws:sagemaker:eu-west-1:000000000000:model/m")
                    .build(),
                CALL))
        .hasMessageStartingWith("Invalid resource ARN");
  }

  @Test
  void a_token_that_is_not_ours_is_refused() {
    assertThatThrownBy(() -> list(null, "zzz"))
        .hasMessage("Invalid pagination token because \"zzz\".");
  }

  private List<Tag> add(Tag... added) {
    return tags.add(AddTagsInput.builder().resourceArn(ARN).tags(List.of(added)).build(), CALL)
        .tags();
  }

  private ListTagsOutput list(Integer maxResults, String token) {
    return tags.list(
        ListTagsInput.builder().resourceArn(ARN).maxResults(maxResults).nextToken(token).build(),
        CALL);
  }

  private static Tag tag(String key, String value) {
    return Tag.builder().key(key).value(value).build();
  }
}
