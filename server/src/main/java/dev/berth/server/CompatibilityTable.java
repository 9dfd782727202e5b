package dev.berth.server;

import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.sagemakerruntime.SageMakerRuntimeApi;
import dev.berth.api.shape.ApiService;
import dev.berth.api.shape.Operation;
import dev.berth.api.sts.StsApi;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The page {@code docs/compatibility.md}, from the tables that the server itself dispatches by:
 * every operation of the models Berth speaks, executed or refused. A test holds the page to it.
 */
final class CompatibilityTable {
  private static final List<ApiService> SERVICES =
      List.of(SageMakerApi.SERVICE, SageMakerRuntimeApi.SERVICE, StsApi.SERVICE);

  private CompatibilityTable() {}

  /** Returns the page. */
  static String markdown() {
    var page = new StringBuilder();
    page.append(
        """
        # Compatibility

        Generated from the code; a test keeps it true. *Executed*: does what AWS does, answers in the
        same shape. *Refused*: recognised, and answered with a typed error that says Berth does not
        execute it (`NotImplementedException`, HTTP 400); nothing is stored.

        S3 (put, get, list, delete, copy, multipart, ranges, presigned URLs) is served on the same port
        by the embedded object store; see the [guide](guide.md).
        """);
    for (ApiService service : SERVICES) {
      Set<String> executed =
          service.executed().stream()
              .map(Operation::name)
              .collect(Collectors.toCollection(TreeSet::new));
      var refused = new TreeSet<>(service.known());
      refused.removeAll(executed);
      page.append(
          "%n## %s %s%n%n%d of %d operations are executed.%n%n| operation | |%n|---|---|%n"
              .formatted(service.id(), service.version(), executed.size(), service.known().size()));
      executed.forEach(name -> page.append("| %s | **executed** |%n".formatted(name)));
      refused.forEach(name -> page.append("| %s | refused |%n".formatted(name)));
    }
    return page.toString();
  }
}
