package dev.berth.registry;

import dev.berth.api.error.AwsException;
import dev.berth.api.sagemaker.BatchDescribeModelPackageError;
import dev.berth.api.sagemaker.BatchDescribeModelPackageInput;
import dev.berth.api.sagemaker.BatchDescribeModelPackageOutput;
import dev.berth.api.sagemaker.BatchDescribeModelPackageSummary;
import dev.berth.api.sagemaker.CreateModelPackageInput;
import dev.berth.api.sagemaker.CreateModelPackageOutput;
import dev.berth.api.sagemaker.DeleteModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageInput;
import dev.berth.api.sagemaker.DescribeModelPackageOutput;
import dev.berth.api.sagemaker.IncludedData;
import dev.berth.api.sagemaker.ModelApprovalStatus;
import dev.berth.api.sagemaker.UpdateModelPackageInput;
import dev.berth.api.sagemaker.UpdateModelPackageOutput;
import dev.berth.api.service.CallContext;
import dev.berth.api.shape.Nothing;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.tag.Tags;
import dev.berth.store.Resource;
import dev.berth.store.ResourceKey;
import dev.berth.store.Store;
import dev.berth.store.Transaction.ResourceExistsException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * CreateModelPackage, DescribeModelPackage, BatchDescribeModelPackage, UpdateModelPackage and
 * DeleteModelPackage.
 *
 * <p>A group's versions are counted in the group: who creates one locks it, so numbers have no gaps
 * and rise in the order of creation times. A number is never given out again.
 */
public final class ModelPackageOperations {
  private final Store store;
  private final PackageSources sources;
  private final Arns arns;
  private final InstantSource clock;

  public ModelPackageOperations(Store store, Arns arns, InstantSource clock) {
    this.store = store;
    this.sources = new PackageSources(store, arns);
    this.arns = arns;
    this.clock = clock;
  }

  /** Creates a package alone, or the next version of a group. */
  public CreateModelPackageOutput create(CreateModelPackageInput input, CallContext context) {
    PackageRules.checkRequest(input);
    boolean isVersioned = PackageRules.isVersioned(input);
    CreateModelPackageInput content =
        ImageDigests.filledIn(approvable(sources.complete(input), isVersioned));
    PackageRules.checkContent(content, isVersioned);
    var document = PackageDocument.created(content, Caller.of(context), ClientTokens.nameOf(input));
    String arn = isVersioned ? createVersion(input, document) : createSingle(input, document);
    return CreateModelPackageOutput.builder().modelPackageArn(arn).build();
  }

  /** Tells all of a package. */
  public DescribeModelPackageOutput describe(DescribeModelPackageInput input, CallContext context) {
    PackageId id = PackageId.parse(Objects.requireNonNull(input.modelPackageName()), arns);
    return PackageDescription.of(
        existing(store.find(id.key()), id), input.includedData() == IncludedData.METADATA_ONLY);
  }

  /** Tells of many packages; one that can't be told of doesn't keep the others back. */
  public BatchDescribeModelPackageOutput batchDescribe(
      BatchDescribeModelPackageInput input, CallContext context) {
    Map<String, BatchDescribeModelPackageSummary> summaries = new LinkedHashMap<>();
    Map<String, BatchDescribeModelPackageError> errors = new LinkedHashMap<>();
    for (String arn : Objects.requireNonNull(input.modelPackageArnList())) {
      try {
        PackageId id = PackageId.parse(arn, arns);
        summaries.put(arn, PackageDescription.batchSummary(existing(store.find(id.key()), id)));
      } catch (AwsException e) {
        errors.put(
            arn,
            BatchDescribeModelPackageError.builder()
                .errorCode(e.code())
                .errorResponse(e.text())
                .build());
      }
    }
    return BatchDescribeModelPackageOutput.builder()
        .modelPackageSummaries(summaries.isEmpty() ? null : summaries)
        .batchDescribeModelPackageErrorMap(errors.isEmpty() ? null : errors)
        .build();
  }

  /** Changes a version; the same ClientToken again changes nothing. */
  public UpdateModelPackageOutput update(UpdateModelPackageInput input, CallContext context) {
    PackageId id = PackageId.parse(Objects.requireNonNull(input.modelPackageArn()), arns);
    String arn =
        store.write(transaction -> {
          Resource resource = existing(transaction.lock(id.key()), id);
          PackageDocument document = PackageDocument.parse(resource.document());
          if (input.clientToken() == null
              || !document.updateTokens().contains(input.clientToken())) {
            transaction.update(changed(resource, document, input, context));
          }
          return resource.arn();
        });
    return UpdateModelPackageOutput.builder().modelPackageArn(arn).build();
  }

  /** Deletes a package; models that were made from it stay as they are. */
  public Nothing delete(DeleteModelPackageInput input, CallContext context) {
    PackageId id = PackageId.parse(Objects.requireNonNull(input.modelPackageName()), arns);
    return store.write(transaction -> {
      Resource resource = existing(transaction.lock(id.key()), id);
      transaction.delete(id.key());
      ClientTokens.forget(transaction, PackageDocument.parse(resource.document()).clientToken());
      return new Nothing();
    });
  }

  /** Approval is a version's: one that doesn't say waits for it, and a package alone has none. */
  private static CreateModelPackageInput approvable(
      CreateModelPackageInput request, boolean isVersioned) {
    if (!isVersioned) {
      return request.toBuilder().modelApprovalStatus(null).build();
    }
    return request.modelApprovalStatus() != null
        ? request
        : request.toBuilder()
            .modelApprovalStatus(ModelApprovalStatus.PENDING_MANUAL_APPROVAL)
            .build();
  }

  private String createVersion(CreateModelPackageInput input, PackageDocument document) {
    String name = GroupNames.parse(Objects.requireNonNull(input.modelPackageGroupName()), arns);
    ResourceKey groupKey = Kind.MODEL_PACKAGE_GROUP.key(name);
    return store.write(transaction -> {
      Resource group =
          transaction
              .lock(groupKey)
              .orElseThrow(() -> AwsException.validation("Model Package Group does not exist."));
      GroupDocument counter = GroupDocument.parse(group.document());
      Instant now = later(now(), Instant.ofEpochMilli(counter.lastCreatedAtMillis()));
      var id = new PackageId.Version(group.key().name(), counter.lastVersion() + 1);
      return ClientTokens.remember(transaction, input, id.arn(arns), now)
          .orElseGet(() -> {
            transaction.insert(
                resource(id, now, document.request().modelApprovalStatus(), document)
                    .within(group.key().name()));
            transaction.update(group.with(group.status(), counter.counted(now).toJson(), now));
            return id.arn(arns);
          });
    });
  }

  private String createSingle(CreateModelPackageInput input, PackageDocument document) {
    Map<String, String> tags = Tags.of(input.tags());
    var id = new PackageId.Single(Objects.requireNonNull(input.modelPackageName()));
    String arn = id.arn(arns);
    Instant now = now();
    try {
      return store.write(transaction ->
          ClientTokens.remember(transaction, input, arn, now)
              .orElseGet(() -> {
                transaction.insert(resource(id, now, null, document));
                transaction.putTags(arn, tags);
                return arn;
              }));
    } catch (ResourceExistsException e) {
      throw Kind.MODEL_PACKAGE.exists(e.existing().arn());
    }
  }

  private Resource resource(
      PackageId id, Instant now, @Nullable ModelApprovalStatus approval, PackageDocument document) {
    return new Resource(
        id.key(),
        UUID.randomUUID().toString(),
        id.arn(arns),
        now,
        now,
        approval == null ? "" : approval.wire(),
        1,
        document.toJson());
  }

  private Resource changed(
      Resource resource,
      PackageDocument document,
      UpdateModelPackageInput input,
      CallContext context) {
    if (resource.parent().isEmpty()) {
      throw AwsException.validation(
          "Model package %s has no version: only a version of a model package group can be updated."
              .formatted(resource.arn()));
    }
    CreateModelPackageInput content = PackageChanges.apply(input, document.request());
    PackageDocument next =
        document.updated(
            content, Caller.of(context), input.approvalDescription(), input.clientToken());
    return resource.with(
        Objects.requireNonNull(content.modelApprovalStatus()).wire(),
        next.toJson(),
        later(now(), resource.modifiedAt()));
  }

  private Resource existing(Optional<Resource> found, PackageId id) {
    return found.orElseThrow(() -> Kind.MODEL_PACKAGE.notFound(id.arn(arns)));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isBefore(other) ? other : one;
  }
}
