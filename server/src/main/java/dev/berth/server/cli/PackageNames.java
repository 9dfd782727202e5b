package dev.berth.server.cli;

import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.services.sagemaker.model.DescribeModelPackageResponse;
import software.amazon.awssdk.services.sagemaker.model.ListModelPackagesRequest;
import software.amazon.awssdk.services.sagemaker.model.ModelApprovalStatus;
import software.amazon.awssdk.services.sagemaker.model.ModelPackageSortBy;
import software.amazon.awssdk.services.sagemaker.model.ModelPackageSummary;
import software.amazon.awssdk.services.sagemaker.model.SageMakerException;
import software.amazon.awssdk.services.sagemaker.model.SortOrder;

/** Model packages as people name them: {@code NAME}, {@code GROUP:VERSION} or an ARN. */
final class PackageNames {
  /** For help texts. */
  static final String LABEL = "NAME[:VERSION]";

  private PackageNames() {}

  /** Returns what the API takes for {@code text}: {@code GROUP/VERSION} for a version. */
  static String of(String text) {
    return text.startsWith("arn:") ? text : text.replace(':', '/');
  }

  /**
   * Returns the package that {@code text} names; a group without a version is its newest version
   * that may be deployed.
   *
   * @throws CommandFailure when there is none
   */
  static DescribeModelPackageResponse deployable(AwsClients aws, String text) {
    if (hasVersion(text)) {
      return describe(aws, of(text));
    }
    return find(aws, text)
        .or(() ->
            newest(aws, request(text).modelApprovalStatus(ModelApprovalStatus.APPROVED))
                .map(version -> describe(aws, version.modelPackageArn())))
        .orElseThrow(() ->
            new CommandFailure(
                "there is no model package '%s', and no group of that name with an approved version; see 'berth packages ls'"
                    .formatted(text)));
  }

  /** As {@link #deployable}, but a group is its newest version, approved or not. */
  static DescribeModelPackageResponse any(AwsClients aws, String text) {
    if (hasVersion(text)) {
      return describe(aws, of(text));
    }
    return find(aws, text)
        .or(() ->
            newest(aws, request(text)).map(version -> describe(aws, version.modelPackageArn())))
        .orElseThrow(() ->
            new CommandFailure(
                "there is no model package or group with versions called '%s'; see 'berth packages ls'"
                    .formatted(text)));
  }

  private static boolean hasVersion(String text) {
    return text.indexOf(':') >= 0 || text.indexOf('/') >= 0;
  }

  private static DescribeModelPackageResponse describe(AwsClients aws, String nameOrArn) {
    return aws.sagemaker().describeModelPackage(request -> request.modelPackageName(nameOrArn));
  }

  private static Optional<DescribeModelPackageResponse> find(AwsClients aws, String name) {
    return unlessMissing(() -> Optional.of(describe(aws, name)));
  }

  private static Optional<ModelPackageSummary> newest(
      AwsClients aws, ListModelPackagesRequest.Builder request) {
    return unlessMissing(() ->
        aws.sagemaker().listModelPackages(request.build()).modelPackageSummaryList().stream()
            .findFirst());
  }

  private static ListModelPackagesRequest.Builder request(String group) {
    return ListModelPackagesRequest.builder()
        .modelPackageGroupName(group)
        .sortBy(ModelPackageSortBy.CREATION_TIME)
        .sortOrder(SortOrder.DESCENDING)
        .maxResults(1);
  }

  private static <T> Optional<T> unlessMissing(Supplier<Optional<T>> ask) {
    try {
      return ask.get();
    } catch (SageMakerException failure) {
      if (AwsClients.isMissing(failure)) {
        return Optional.empty();
      }
      throw failure;
    }
  }
}
