package dev.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.api.sagemaker.ListModelPackagesInput;
import dev.berth.api.sagemaker.ListModelPackagesOutput;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.ModelPackageSortBy;
import dev.berth.api.sagemaker.ModelPackageSummary;
import dev.berth.api.sagemaker.ModelPackageType;
import dev.berth.api.sagemaker.SortOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ModelPackageListsTest extends RegistryFixture {

  /** Eleven versions of "Alpha" in one millisecond, then a single, two of "beta", a single. */
  @BeforeEach
  void fill() {
    group("Alpha");
    group("beta");
    for (int i = 0; i < 11; i++) {
      version("Alpha");
    }
    now = NOON.plusSeconds(1);
    create(single("middle"));
    now = NOON.plusSeconds(2);
    version("beta");
    version("beta");
    now = NOON.plusSeconds(3);
    create(single("alone"));
  }

  @Test
  void packages_alone_are_listed_oldest_first_when_nothing_else_is_asked() {
    assertThat(list(ListModelPackagesInput.builder())).containsExactly("middle", "alone");
  }

  @Test
  void versions_of_a_group_are_listed_in_the_order_of_their_numbers() {
    String[] upwards =
        IntStream.rangeClosed(1, 11).mapToObj(i -> "alpha/" + i).toArray(String[]::new);
    assertThat(list(of("alpha"))).containsExactly(upwards);
    assertThat(list(of("alpha").sortBy(ModelPackageSortBy.NAME))).containsExactly(upwards);
    assertThat(
            registry
                .lists()
                .list(of("ALPHA").sortOrder(SortOrder.DESCENDING).maxResults(1).build(), CALL)
                .modelPackageSummaryList())
        .singleElement()
        .extracting(ModelPackageSummary::modelPackageVersion)
        .isEqualTo(11);
  }

  @Test
  void both_kinds_are_listed_as_one() {
    var both = ListModelPackagesInput.builder().modelPackageType(ModelPackageType.BOTH);

    assertThat(list(both))
        .hasSize(15)
        .startsWith("alpha/1", "alpha/2")
        .endsWith("alpha/11", "middle", "beta/1", "beta/2", "alone");
    assertThat(list(both.sortBy(ModelPackageSortBy.NAME).sortOrder(SortOrder.DESCENDING)))
        .startsWith("middle", "beta/2", "beta/1", "alone", "alpha/11")
        .doesNotHaveDuplicates()
        .hasSize(15);
  }

  @Test
  void a_name_asked_of_versions_is_their_groups() {
    var versioned = ListModelPackagesInput.builder().modelPackageType(ModelPackageType.VERSIONED);

    assertThat(list(versioned.nameContains("eta"))).containsExactly("beta/1", "beta/2");
    assertThat(list(versioned.nameContains("0"))).isEmpty();
    assertThat(list(ListModelPackagesInput.builder().nameContains("lon"))).containsExactly("alone");
  }

  @Test
  void versions_are_filtered_by_approval() {
    approve(ARN + "model-package/alpha/3");

    assertThat(list(of("Alpha").modelApprovalStatus(ModelApprovalStatus.APPROVED)))
        .containsExactly("alpha/3");
    assertThat(
            list(
                ListModelPackagesInput.builder()
                    .modelPackageType(ModelPackageType.BOTH)
                    .modelApprovalStatus(ModelApprovalStatus.APPROVED)))
        .containsExactly("alpha/3");
  }

  @Test
  void an_unknown_group_and_a_token_of_another_list_are_refused() {
    refused(
        () -> list(of("nope")),
        "ModelPackageGroup " + ARN + "model-package-group/nope does not exist.");
    String token = registry.lists().list(of("alpha").maxResults(1).build(), CALL).nextToken();
    refused(
        () -> registry.lists().list(of("beta").nextToken(token).build(), CALL),
        "Invalid pagination token because \"" + token + "\".");
  }

  private static ListModelPackagesInput.Builder of(String group) {
    return ListModelPackagesInput.builder().modelPackageGroupName(group);
  }

  /** Walks all pages of three; returns what follows the kind in each ARN. */
  private List<String> list(ListModelPackagesInput.Builder input) {
    var all = new ArrayList<String>();
    String token = null;
    do {
      ListModelPackagesOutput page =
          registry.lists().list(input.maxResults(3).nextToken(token).build(), CALL);
      page.modelPackageSummaryList()
          .forEach(one -> all.add(one.modelPackageArn().replaceFirst(".*model-package/", "")));
      token = page.nextToken();
    } while (token != null);
    return all;
  }
}
