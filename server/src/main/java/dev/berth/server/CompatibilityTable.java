package dev.berth.server;

import dev.berth.api.sagemaker.SageMakerApi;
import dev.berth.api.sagemakerruntime.SageMakerRuntimeApi;
import dev.berth.api.shape.ApiService;
import dev.berth.api.shape.Member;
import dev.berth.api.shape.Operation;
import dev.berth.api.shape.StructureShape;
import dev.berth.api.sts.StsApi;
import dev.berth.hosting.runtime.Capability;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The page {@code docs/compatibility.md}, from the tables that the server itself dispatches by:
 * every operation of the models Berth speaks, executed or refused, and what becomes of each member
 * that an executed one is given. A test holds the page to it.
 */
final class CompatibilityTable {
  private static final List<ApiService> SERVICES =
      List.of(SageMakerApi.SERVICE, SageMakerRuntimeApi.SERVICE, StsApi.SERVICE);

  /** Executed by the gateway, which needs no records of it: its body is a stream of events. */
  private static final String STREAMED = "InvokeEndpointWithResponseStream";

  private final InputSupport inputs;
  private final Map<String, Set<Capability>> runtimes;

  private CompatibilityTable(InputSupport inputs, Map<String, Set<Capability>> runtimes) {
    this.inputs = inputs;
    this.runtimes = runtimes;
  }

  /** Returns all operations that are executed. */
  static List<Operation<?, ?>> operations() {
    return SERVICES.stream()
        .<Operation<?, ?>>flatMap(service -> service.executed().stream())
        .toList();
  }

  /**
   * Returns the page.
   *
   * @param runtimes what each runtime can do, by its name
   */
  static String markdown(InputSupport inputs, Map<String, Set<Capability>> runtimes) {
    return new CompatibilityTable(inputs, runtimes).page();
  }

  private String page() {
    var page = new StringBuilder();
    page.append(
        """
        # Compatibility

        Generated from the code; a test keeps it true. *Executed*: does what AWS does, answers in the
        same shape. *Refused*: recognised, and answered with a typed error that says Berth does not
        execute it (`NotImplementedException`, HTTP 400); nothing is stored.

        What becomes of the members that an executed operation is given stands below its name; of members
        of members, under the [structure](#structures) that they are. *Honoured*: does what it does on
        AWS. *By runtime*: accepted, and honoured by the runtimes named; with another an endpoint that
        needs it fails, with a FailureReason that says so. *Stored*: checked, kept and given back, and
        nothing else comes of it. *Ignored*: makes no difference. *Refused*: answered with an error that
        names it.

        S3 (put, get, list, delete, copy, multipart, ranges, presigned URLs) is served on the same port
        by the embedded object store; see the [guide](guide.md).
        """);
    for (ApiService service : SERVICES) {
      Set<String> executed =
          service.executed().stream()
              .map(Operation::name)
              .collect(Collectors.toCollection(TreeSet::new));
      if (service.known().contains(STREAMED)) {
        executed.add(STREAMED);
      }
      var refused = new TreeSet<>(service.known());
      refused.removeAll(executed);
      page.append(
          "%n## %s %s%n%n%d of %d operations are executed.%n%n| operation | |%n|---|---|%n"
              .formatted(service.id(), service.version(), executed.size(), service.known().size()));
      executed.forEach(name ->
          page.append(
              hasMembers(service, name)
                  ? "| [%s](#%s) | **executed** |%n".formatted(name, anchor(name))
                  : "| %s | **executed** |%n".formatted(name)));
      refused.forEach(name -> page.append("| %s | refused |%n".formatted(name)));
    }
    page.append("%n## What executed operations are given%n".formatted());
    operations().stream()
        .filter(operation -> !operation.input().members().isEmpty())
        .sorted(Comparator.comparing(Operation::name))
        .forEach(operation -> page.append(section(operation.name(), operation.input())));
    page.append("%n## Structures%n".formatted());
    var structures = new TreeMap<>(inputs.structures(operations()));
    operations().forEach(operation -> structures.remove(operation.input().name()));
    structures.forEach((name, structure) -> page.append(section(name, structure)));
    return page.toString();
  }

  private static boolean hasMembers(ApiService service, String operation) {
    return service.executed().stream()
        .anyMatch(one -> one.name().equals(operation) && !one.input().members().isEmpty());
  }

  private String section(String title, StructureShape<?> structure) {
    var kinds = new LinkedHashMap<String, List<String>>();
    List.of("Honoured", "By runtime", "Stored", "Ignored", "Refused")
        .forEach(kind -> kinds.put(kind, new ArrayList<>()));
    for (Member member : structure.members()) {
      Support support = inputs.of(structure.name(), member.name());
      String name = "`" + member.name() + "`";
      switch (support) {
        case Support.Honoured _ -> add(kinds, "Honoured", linked(name, member));
        case Support.Needs(Capability capability) ->
            add(kinds, "By runtime", "%s (%s)".formatted(name, by(capability)));
        case Support.Stored _ -> add(kinds, "Stored", name);
        case Support.Ignored(String why) -> add(kinds, "Ignored", name + ", as " + why);
        case Support.Refused(String when) -> add(kinds, "Refused", name + " " + when);
      }
    }
    var section = new StringBuilder("%n### %s%n%n".formatted(title));
    kinds.forEach((kind, members) -> {
      if (!members.isEmpty()) {
        section.append(
            "- *%s*: %s%n"
                .formatted(
                    kind,
                    String.join(
                        kind.equals("Refused") || kind.equals("Ignored") ? "; " : ", ", members)));
      }
    });
    return section.toString();
  }

  private static void add(Map<String, List<String>> kinds, String kind, String member) {
    Objects.requireNonNull(kinds.get(kind)).add(member);
  }

  private static String linked(String name, Member member) {
    return InputSupport.structure(member.shape())
        .map(structure ->
            structure.name().equals(member.name())
                ? "[%s](#%s)".formatted(name, anchor(structure.name()))
                : "%s ([%s](#%s))".formatted(name, structure.name(), anchor(structure.name())))
        .orElse(name);
  }

  private String by(Capability capability) {
    String able =
        runtimes.entrySet().stream()
            .filter(runtime -> runtime.getValue().contains(capability))
            .map(Map.Entry::getKey)
            .collect(Collectors.joining(", "));
    return able.isEmpty() ? "none yet" : able;
  }

  private static String anchor(String title) {
    return title.toLowerCase(Locale.ROOT);
  }
}
