package dev.berth.registry;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.CreateModelPackageGroupInput;
import dev.berth.api.sagemaker.CreateModelPackageGroupOutput;
import dev.berth.api.sagemaker.CrossAccountFilterOption;
import dev.berth.api.sagemaker.DeleteModelPackageGroupInput;
import dev.berth.api.sagemaker.DescribeModelPackageGroupInput;
import dev.berth.api.sagemaker.DescribeModelPackageGroupOutput;
import dev.berth.api.sagemaker.ListModelPackageGroupsInput;
import dev.berth.api.sagemaker.ListModelPackageGroupsOutput;
import dev.berth.api.sagemaker.ModelPackageGroupSortBy;
import dev.berth.api.sagemaker.ModelPackageGroupStatus;
import dev.berth.api.sagemaker.ModelPackageGroupSummary;
import dev.berth.api.sagemaker.SortOrder;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.resource.Lists;
import dev.berth.hosting.tag.Tags;
import dev.berth.store.ListQuery;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import dev.berth.store.Transaction.ResourceExistsException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * CreateModelPackageGroup, DescribeModelPackageGroup, ListModelPackageGroups and
 * DeleteModelPackageGroup.
 */
public final class ModelPackageGroupOperations {
  private static final Kind KIND = Kind.MODEL_PACKAGE_GROUP;

  private final Store store;
  private final Arns arns;
  private final InstantSource clock;

  public ModelPackageGroupOperations(Store store, Arns arns, InstantSource clock) {
    this.store = store;
    this.arns = arns;
    this.clock = clock;
  }

  /** Creates a group, which has no versions yet. */
  public CreateModelPackageGroupOutput create(
      CreateModelPackageGroupInput input, CallContext context) {
    if (input.managedConfiguration() != null
        && input.managedConfiguration().managedStorageType() != null) {
      throw AwsException.validation(
          "ManagedConfiguration.ManagedStorageType is \"%s\": Berth has no managed storage. Leave it out; model data stays where it is."
              .formatted(input.managedConfiguration().managedStorageType().wire()));
    }
    Map<String, String> tags = Tags.of(input.tags());
    String name = Objects.requireNonNull(input.modelPackageGroupName());
    String arn = arns.of(KIND, name);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    var document =
        new GroupDocument(input.modelPackageGroupDescription(), Caller.of(context), null, 0, 0);
    Resource group =
        KIND.created(name, arn, now, ModelPackageGroupStatus.COMPLETED.wire(), document.toJson());
    try {
      store.write(transaction -> {
        transaction.insert(group);
        transaction.putTags(arn, tags);
        return arn;
      });
    } catch (ResourceExistsException e) {
      throw KIND.exists(e.existing().arn());
    }
    return CreateModelPackageGroupOutput.builder().modelPackageGroupArn(arn).build();
  }

  /** Tells what a group is. */
  public DescribeModelPackageGroupOutput describe(
      DescribeModelPackageGroupInput input, CallContext context) {
    String name = GroupNames.parse(Objects.requireNonNull(input.modelPackageGroupName()), arns);
    Resource group =
        store.find(KIND.key(name)).orElseThrow(() -> KIND.notFound(arns.of(KIND, name)));
    GroupDocument document = GroupDocument.parse(group.document());
    return DescribeModelPackageGroupOutput.builder()
        .modelPackageGroupName(group.key().name())
        .modelPackageGroupArn(group.arn())
        .modelPackageGroupDescription(document.description())
        .creationTime(group.createdAt())
        .createdBy(document.createdBy().userContext())
        .modelPackageGroupStatus(ModelPackageGroupStatus.COMPLETED)
        .build();
  }

  /** Lists groups; no other account's are ever shared with this one. */
  public ListModelPackageGroupsOutput list(ListModelPackageGroupsInput input, CallContext context) {
    if (input.crossAccountFilterOption() == CrossAccountFilterOption.CROSS_ACCOUNT) {
      return ListModelPackageGroupsOutput.builder().modelPackageGroupSummaryList(List.of()).build();
    }
    var filters =
        Lists.Filters.ofCreation(
            input.nameContains(),
            input.creationTimeAfter(),
            input.creationTimeBefore(),
            input.sortBy() == ModelPackageGroupSortBy.NAME,
            input.sortOrder() == SortOrder.DESCENDING);
    Page page = store.list(Lists.query(KIND, filters, input.maxResults(), input.nextToken()));
    return ListModelPackageGroupsOutput.builder()
        .modelPackageGroupSummaryList(
            page.resources().stream().map(ModelPackageGroupOperations::summary).toList())
        .nextToken(Lists.nextToken(KIND, filters, page))
        .build();
  }

  /** Deletes a group that has no versions. */
  public Nothing delete(DeleteModelPackageGroupInput input, CallContext context) {
    String name = GroupNames.parse(Objects.requireNonNull(input.modelPackageGroupName()), arns);
    return store.write(transaction -> {
      Resource group =
          transaction.lock(KIND.key(name)).orElseThrow(() -> KIND.notFound(arns.of(KIND, name)));
      ListQuery versions = ListQuery.all(PackageId.VERSION_KIND, 1).within(group.key().name());
      if (!transaction.list(versions).resources().isEmpty()) {
        throw new AwsException(
            "ConflictException",
            400,
            "Model Package Group cannot be deleted because it contains model packages: %s. Delete its model packages first."
                .formatted(group.arn()));
      }
      transaction.delete(group.key());
      return new Nothing();
    });
  }

  private static ModelPackageGroupSummary summary(Resource group) {
    return ModelPackageGroupSummary.builder()
        .modelPackageGroupName(group.key().name())
        .modelPackageGroupArn(group.arn())
        .modelPackageGroupDescription(GroupDocument.parse(group.document()).description())
        .creationTime(group.createdAt())
        .modelPackageGroupStatus(ModelPackageGroupStatus.COMPLETED)
        .build();
  }
}
