package dev.berth.registry;

import dev.berth.api.sagemaker.ListModelPackagesInput;
import dev.berth.api.sagemaker.ListModelPackagesOutput;
import dev.berth.api.sagemaker.ModelPackageSortBy;
import dev.berth.api.sagemaker.ModelPackageType;
import dev.berth.api.sagemaker.SortOrder;
import dev.berth.api.service.CallContext;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.resource.Lists;
import dev.berth.store.ListQuery;
import dev.berth.store.ListQuery.Position;
import dev.berth.store.ListQuery.SortBy;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * ListModelPackages: packages alone unless asked otherwise; a group's versions when a group is
 * named. Versions have no name of their own: what is asked of names is asked of their group's.
 */
public final class ModelPackageLists {
  private final Store store;
  private final Arns arns;

  public ModelPackageLists(Store store, Arns arns) {
    this.store = store;
    this.arns = arns;
  }

  /** Lists packages. */
  public ListModelPackagesOutput list(ListModelPackagesInput input, CallContext context) {
    Lists.Filters filters = filters(input);
    Optional<String> group = Optional.ofNullable(input.modelPackageGroupName()).map(this::group);
    ModelPackageType type = type(input);
    String within = type.wire() + " " + group.orElse("");
    ListQuery asked =
        Lists.query(
            Kind.MODEL_PACKAGE.arnType(), within, filters, input.maxResults(), input.nextToken());
    Page page = page(asked, type, group);
    return ListModelPackagesOutput.builder()
        .modelPackageSummaryList(
            page.resources().stream().map(PackageDescription::summary).toList())
        .nextToken(Lists.nextToken(Kind.MODEL_PACKAGE.arnType(), within, filters, page))
        .build();
  }

  private static Lists.Filters filters(ListModelPackagesInput input) {
    return new Lists.Filters(
        input.nameContains(),
        input.creationTimeAfter(),
        input.creationTimeBefore(),
        null,
        null,
        input.modelApprovalStatus() == null ? null : input.modelApprovalStatus().wire(),
        input.sortBy() == ModelPackageSortBy.NAME ? SortBy.NAME : SortBy.CREATION_TIME,
        input.sortOrder() == SortOrder.DESCENDING);
  }

  private static ModelPackageType type(ListModelPackagesInput input) {
    if (input.modelPackageGroupName() != null) {
      return ModelPackageType.VERSIONED;
    }
    return input.modelPackageType() == null
        ? ModelPackageType.UNVERSIONED
        : input.modelPackageType();
  }

  /** Returns the group's name in the case that it was created with, as its versions have it. */
  private String group(String nameOrArn) {
    String name = GroupNames.parse(nameOrArn, arns);
    return store
        .find(Kind.MODEL_PACKAGE_GROUP.key(name))
        .orElseThrow(
            () -> Kind.MODEL_PACKAGE_GROUP.notFound(arns.of(Kind.MODEL_PACKAGE_GROUP, name)))
        .key()
        .name();
  }

  private Page page(ListQuery asked, ModelPackageType type, Optional<String> group) {
    ListQuery versions = asked.ofKind(PackageId.VERSION_KIND).withNamesOfParents();
    return switch (type) {
      case UNVERSIONED -> store.list(asked);
      case VERSIONED -> store.list(group.map(versions::within).orElse(versions));
      case BOTH -> merged(asked, store.list(asked), store.list(versions));
    };
  }

  /** Returns the page that two lists in the same order, from the same position, begin with. */
  private static Page merged(ListQuery asked, Page one, Page other) {
    var all = new ArrayList<Resource>(one.resources());
    all.addAll(other.resources());
    all.sort(order(asked));
    boolean isLast = all.size() <= asked.limit() && one.next().isEmpty() && other.next().isEmpty();
    List<Resource> shown = all.subList(0, Math.min(asked.limit(), all.size()));
    return new Page(
        shown,
        isLast ? Optional.empty() : Optional.of(Position.of(asked.sortBy(), shown.getLast())));
  }

  private static Comparator<Resource> order(ListQuery asked) {
    Comparator<Resource> byName = Comparator.comparing(resource -> resource.key().name());
    Comparator<Resource> order =
        asked.sortBy() == SortBy.NAME
            ? byName
            : Comparator.comparing(Resource::createdAt).thenComparing(byName);
    return asked.isDescending() ? order.reversed() : order;
  }
}
