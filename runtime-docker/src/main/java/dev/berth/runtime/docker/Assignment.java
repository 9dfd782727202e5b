package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the labels of an instance's containers and network tell of it: enough, with each container's
 * {@link Role}, to go on with it after a restart.
 *
 * @param id the instance's identity
 * @param ownerName name of the endpoint or job, for people
 * @param containers how many containers it has when it is whole
 * @param instanceType {@code ml.*} type, when it has one
 * @param startupTimeout from the containers' start to the first healthy ping of each
 * @param network whom its containers may talk to
 * @param executionRoleArn role whose credentials they get
 */
record Assignment(
    InstanceId id,
    String ownerName,
    int containers,
    Optional<String> instanceType,
    Duration startupTimeout,
    NetworkSpec network,
    Optional<String> executionRoleArn) {
  static final String INSTALLATION = "dev.berth.installation";
  private static final String OWNER_KIND = "dev.berth.owner-kind";
  private static final String OWNER_ID = "dev.berth.owner-id";
  private static final String OWNER_NAME = "dev.berth.owner-name";
  private static final String GENERATION = "dev.berth.generation";
  private static final String VARIANT = "dev.berth.variant";
  private static final String INSTANCE = "dev.berth.instance";
  private static final String CONTAINERS = "dev.berth.containers";
  private static final String INSTANCE_TYPE = "dev.berth.instance-type";
  private static final String IS_ISOLATED = "dev.berth.network-isolation";
  private static final String SUBNETS = "dev.berth.subnets";
  private static final String SECURITY_GROUPS = "dev.berth.security-groups";
  private static final String ROLE = "dev.berth.execution-role";
  private static final String STARTUP_TIMEOUT_MILLIS = "dev.berth.startup-timeout-ms";

  static Assignment of(InstanceSpec spec) {
    return new Assignment(
        spec.id(),
        spec.ownerName(),
        spec.containers().size(),
        spec.instanceType(),
        spec.startupTimeout(),
        spec.network(),
        spec.executionRoleArn());
  }

  boolean hasSeveralContainers() {
    return containers > 1;
  }

  /** Returns the labels that {@link #read} understands. */
  Map<String, String> labels(String installation) {
    var labels = new HashMap<String, String>();
    labels.put(INSTALLATION, installation);
    labels.put(OWNER_KIND, id.owner().kind().label());
    labels.put(OWNER_ID, id.owner().id());
    labels.put(OWNER_NAME, ownerName);
    labels.put(GENERATION, Long.toString(id.generation()));
    labels.put(VARIANT, id.variant());
    labels.put(INSTANCE, id.instance());
    labels.put(CONTAINERS, Integer.toString(containers));
    instanceType.ifPresent(type -> labels.put(INSTANCE_TYPE, type));
    labels.put(STARTUP_TIMEOUT_MILLIS, Long.toString(startupTimeout.toMillis()));
    labels.put(IS_ISOLATED, Boolean.toString(network.isIsolated()));
    labels.put(SUBNETS, String.join(",", network.subnets()));
    labels.put(SECURITY_GROUPS, String.join(",", network.securityGroups()));
    executionRoleArn.ifPresent(role -> labels.put(ROLE, role));
    return labels;
  }

  /** Returns the labels that all of its objects, and no others, carry. */
  Map<String, String> identity(String installation) {
    return Map.of(INSTALLATION, installation, OWNER_ID, id.owner().id(), INSTANCE, id.instance());
  }

  /** Reads labels back; empty when they are not ours or not whole. */
  static Optional<Assignment> read(Map<String, String> labels) {
    Optional<Owner.Kind> kind = Owner.Kind.labelled(value(labels, OWNER_KIND));
    if (kind.isEmpty()
        || !labels.keySet().containsAll(Set.of(OWNER_ID, GENERATION, VARIANT, INSTANCE))) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Assignment(
              new InstanceId(
                  new Owner(kind.get(), value(labels, OWNER_ID)),
                  Long.parseLong(value(labels, GENERATION)),
                  value(labels, VARIANT),
                  value(labels, INSTANCE)),
              value(labels, OWNER_NAME),
              Integer.parseInt(labels.getOrDefault(CONTAINERS, "1")),
              Optional.ofNullable(labels.get(INSTANCE_TYPE)),
              Duration.ofMillis(Long.parseLong(value(labels, STARTUP_TIMEOUT_MILLIS))),
              new NetworkSpec(
                  value(labels, IS_ISOLATED).equals("true"),
                  values(labels, SUBNETS),
                  values(labels, SECURITY_GROUPS)),
              Optional.ofNullable(labels.get(ROLE))));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  private static List<String> values(Map<String, String> labels, String key) {
    String all = value(labels, key);
    return all.isEmpty() ? List.of() : List.of(all.split(",", -1));
  }

  private static String value(Map<String, String> labels, String key) {
    return labels.getOrDefault(key, "");
  }

  /** Returns the name of its network: unique on the engine, made for people. */
  String networkName(String installation) {
    return "berth-%s-%s-%s-%s"
        .formatted(ownerName, id.variant(), id.instance(), shortened(installation));
  }

  /** Returns an installation's identity as it is in names. */
  static String shortened(String installation) {
    return installation.substring(0, Math.min(8, installation.length()));
  }

  /** Returns the name of one of its containers: unique on the engine, made for people. */
  String containerName(String installation, Role role) {
    return hasSeveralContainers()
        ? networkName(installation) + "-" + role.name()
        : networkName(installation);
  }
}
