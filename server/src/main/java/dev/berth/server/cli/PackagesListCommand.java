package dev.berth.server.cli;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import software.amazon.awssdk.services.sagemaker.model.ListModelPackagesRequest;
import software.amazon.awssdk.services.sagemaker.model.ModelApprovalStatus;
import software.amazon.awssdk.services.sagemaker.model.ModelPackageSortBy;
import software.amazon.awssdk.services.sagemaker.model.ModelPackageSummary;
import software.amazon.awssdk.services.sagemaker.model.ModelPackageType;
import software.amazon.awssdk.services.sagemaker.model.SortOrder;

/** {@code berth packages ls}: model packages, newest first. */
@Command(
    name = "ls",
    mixinStandardHelpOptions = true,
    description = "Lists model packages, newest first.")
final class PackagesListCommand extends ClientCommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)
          .withZone(ZoneId.systemDefault());

  /** What was decided on a version. */
  enum Approval {
    APPROVED(ModelApprovalStatus.APPROVED),
    REJECTED(ModelApprovalStatus.REJECTED),
    PENDING(ModelApprovalStatus.PENDING_MANUAL_APPROVAL);

    private final ModelApprovalStatus status;

    Approval(ModelApprovalStatus status) {
      this.status = status;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "GROUP",
      description = "Only the versions of this group; default: all packages.")
  private @Nullable String group;

  @Option(
      names = "--approval",
      paramLabel = "STATUS",
      description = "Only versions that are this: ${COMPLETION-CANDIDATES}.")
  private @Nullable Approval approval;

  PackagesListCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void run(AwsClients aws) {
    var request =
        ListModelPackagesRequest.builder()
            .modelApprovalStatus(approval == null ? null : approval.status)
            .sortBy(ModelPackageSortBy.CREATION_TIME)
            .sortOrder(SortOrder.DESCENDING);
    if (group == null) {
      request.modelPackageType(ModelPackageType.BOTH);
    } else {
      request.modelPackageGroupName(group);
    }
    var all = aws.sagemaker().listModelPackagesPaginator(request.build()).modelPackageSummaryList();
    if (isJson()) {
      var array = Json.array();
      all.forEach(one -> array.add(Json.of(one)));
      terminal().say(Json.write(array));
      return;
    }
    var table = new Table("PACKAGE", "STATUS", "CREATED", "DESCRIPTION");
    for (ModelPackageSummary one : all) {
      table.add(
          name(one),
          one.modelApprovalStatus() == null ? "-" : one.modelApprovalStatusAsString(),
          TIME.format(one.creationTime()),
          one.modelPackageDescription() == null ? "" : one.modelPackageDescription());
    }
    table.writeTo(terminal());
  }

  private static String name(ModelPackageSummary one) {
    return one.modelPackageVersion() == null
        ? one.modelPackageName()
        : one.modelPackageGroupName() + ":" + one.modelPackageVersion();
  }
}
