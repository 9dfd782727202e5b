package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.RoleEndpoint;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The networks that containers are in. Each instance has one of its own, through which the gateway
 * reaches it; for an isolated one that is all, and {@link IsolationGuard} keeps it from this
 * machine. In a VPC, the own one leads nowhere else and the subnets' networks, shared by all
 * instances with the same subnet, lead where they lead. Who has a role is also in a network that
 * leads to {@link RoleEndpoint} only, where neighbours don't see one another. Many threads at a
 * time.
 */
final class Networks {
  private static final Logger log = LoggerFactory.getLogger(Networks.class);
  private static final String SUBNET = "dev.berth.subnet";

  private final Engine engine;
  private final DockerConfig config;
  private final IsolationGuard guard;

  /** Instances by the subnet they are in. Guarded by this. */
  private final Map<String, Set<Assignment>> subnets = new HashMap<>();

  /**
   * Where the containers of an instance go.
   *
   * @param network name of its own network
   * @param isReachable whether the gateway reaches addresses in it
   * @param others networks to connect them with, by name
   * @param environment what SDKs in them need to find their role's credentials
   * @param note why they get none though they have a role, and what to do; empty if nothing
   */
  record Place(
      String network,
      boolean isReachable,
      List<String> others,
      Map<String, String> environment,
      String note) {}

  /** Why an instance can't have the network that it asks for. */
  static final class NetworkException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String advice;

    NetworkException(String reason, String advice) {
      super(reason);
      this.advice = advice;
    }

    String reason() {
      return String.valueOf(getMessage());
    }

    String advice() {
      return advice;
    }
  }

  Networks(Engine engine, DockerConfig config, IsolationGuard guard) {
    this.engine = engine;
    this.config = config;
    this.guard = guard;
  }

  /**
   * Makes what isn't there yet of an instance's networks.
   *
   * @throws NetworkException when they would not be what it asks for
   * @throws EngineException when the engine doesn't make one
   */
  Place make(Assignment assignment) throws NetworkException, InterruptedException {
    NetworkSpec wanted = assignment.network();
    if (wanted.isIsolated()) {
      return isolated(assignment);
    }
    boolean isInVpc = !wanted.subnets().isEmpty();
    if (isInVpc && !engine.facts().isHere()) {
      throw new NetworkException(
          "VpcConfig needs networks of this machine, and those of the engine at %s are elsewhere"
              .formatted(engine.address()),
          "use an engine that runs as root on this machine");
    }
    var others = new ArrayList<String>();
    for (String subnet : wanted.subnets()) {
      others.add(subnet(assignment, subnet));
    }
    Roles roles = roles(assignment);
    Map<String, String> environment = roles.environment();
    if (!environment.isEmpty()) {
      others.add(RolesNetwork.CREATION.name());
    }
    String id = create(own(assignment, isInVpc, Map.of()));
    return new Place(
        assignment.networkName(config.installation()),
        isHere(bridge(id)),
        others,
        environment,
        roles.note());
  }

  private Engine.NetworkCreation own(
      Assignment assignment, boolean isInternal, Map<String, String> options) {
    return new Engine.NetworkCreation(
        assignment.networkName(config.installation()),
        assignment.labels(config.installation()),
        isInternal,
        options,
        Optional.empty());
  }

  /** Makes a network of the engine's free addresses, or of spare ones once it has none left. */
  private String create(Engine.NetworkCreation creation) {
    try {
      return engine.createNetwork(creation);
    } catch (EngineException.Refused e) {
      if (!e.hasNoAddressesLeft()) {
        throw e;
      }
      log.debug("network {} gets spare addresses: {}", creation.name(), e.text());
      return createOfSpareAddresses(creation, e);
    }
  }

  private String createOfSpareAddresses(
      Engine.NetworkCreation creation, EngineException.Refused why) {
    for (Engine.Addresses addresses :
        (Iterable<Engine.Addresses>) SpareAddresses.inTurnFor(creation.name())::iterator) {
      try {
        return engine.createNetwork(creation.of(addresses));
      } catch (EngineException.Refused e) {
        if (!e.areAddressesTaken()) {
          throw e;
        }
      }
    }
    throw why;
  }

  // isolation

  private Place isolated(Assignment assignment) throws NetworkException, InterruptedException {
    Optional<String> obstacle = isolationObstacle(engine, guard);
    if (obstacle.isEmpty()) {
      obstacle = guard.ensure();
    }
    if (obstacle.isPresent()) {
      throw notIsolated(obstacle.get());
    }
    String bridge = guard.bridge(assignment.networkName(config.installation()));
    create(own(assignment, true, Map.of("com.docker.network.bridge.name", bridge)));
    if (!isHere(bridge)) {
      throw notIsolated("the engine has made no bridge '%s' on this machine".formatted(bridge));
    }
    return new Place(assignment.networkName(config.installation()), true, List.of(), Map.of(), "");
  }

  private static NetworkException notIsolated(String why) {
    return new NetworkException(
        "EnableNetworkIsolation can't be guaranteed here: " + why,
        "run Berth as root beside an engine that does too, or create the model without EnableNetworkIsolation");
  }

  /** Returns why this engine's containers can't be isolated, as far as can be told beforehand. */
  static Optional<String> isolationObstacle(Engine engine, IsolationGuard guard)
      throws InterruptedException {
    return engine.facts().isHere()
        ? guard.obstacle()
        : Optional.of(
            "the networks of the engine at %s are not this machine's, whose firewall has to guard them"
                .formatted(engine.address()));
  }

  /** Sees that an isolated instance stays so; returns why it no longer is. */
  ContainerFailure watchIsolation(String container) throws InterruptedException {
    while (true) {
      Optional<String> obstacle = guard.ensure();
      if (obstacle.isPresent()) {
        return ContainerFailure.unhealthy(
            container,
            "its network isolation can't be guaranteed any more: " + obstacle.get(),
            List.of(),
            "let Berth keep its firewall rule");
      }
      Thread.sleep(guard.interval());
    }
  }

  // subnets

  /** Returns the name of a subnet's network, which is there when this returns. */
  private String subnet(Assignment assignment, String subnet) throws NetworkException {
    String mapped = config.access().subnets().get(subnet);
    if (mapped != null) {
      if (engine.network(mapped).isEmpty()) {
        throw new NetworkException(
            "the engine has no network '%s', which %s is mapped to".formatted(mapped, subnet),
            "make it with 'docker network create', or change vpc.subnets in berth.yaml");
      }
      return mapped;
    }
    String name = "berth-%s-%s".formatted(Assignment.shortened(config.installation()), subnet);
    synchronized (this) {
      subnets.computeIfAbsent(subnet, _ -> new HashSet<>()).add(assignment);
      if (engine.network(name).isEmpty()) {
        create(
            new Engine.NetworkCreation(
                name,
                Map.of(Assignment.INSTALLATION, config.installation(), SUBNET, subnet),
                false,
                Map.of(),
                Optional.empty()));
        log.info("made network {} for {}", name, subnet);
      }
    }
    return name;
  }

  /** Lets go of what an instance, whose containers are gone, has shared with others. */
  synchronized void release(Assignment assignment) {
    if (assignment.network().subnets().isEmpty()) {
      return;
    }
    subnets.values().forEach(users -> users.remove(assignment));
    removeUnused();
  }

  /** Takes over what an earlier process has made for these instances, and removes the rest. */
  synchronized void takeUp(Set<Assignment> found) {
    for (Assignment assignment : found) {
      if (!assignment.network().isIsolated()) {
        assignment
            .network()
            .subnets()
            .forEach(
                subnet -> subnets.computeIfAbsent(subnet, _ -> new HashSet<>()).add(assignment));
      }
    }
    removeUnused();
  }

  /** Guarded by this. */
  private void removeUnused() {
    for (Engine.Labelled network :
        engine.networks(Assignment.INSTALLATION, config.installation())) {
      String subnet = network.labels().get(SUBNET);
      if (subnet != null && subnets.getOrDefault(subnet, Set.of()).isEmpty()) {
        subnets.remove(subnet);
        try {
          engine.removeNetwork(network.id());
        } catch (EngineException.Refused e) {
          log.info("network {} stays: {}", network.name(), e.text()); // others have joined it
        }
      }
    }
  }

  /** Returns whether a network is one of a subnet, and so of no instance alone. */
  static boolean isSubnet(Engine.Labelled network) {
    return network.labels().containsKey(SUBNET);
  }

  // roles

  /**
   * What a container gets of its role.
   *
   * @param environment empty if nothing
   * @param note why so, when something is in the way
   */
  private record Roles(Map<String, String> environment, String note) {
    static final Roles NONE = new Roles(Map.of(), "");
  }

  /** Opens what containers found running look for. */
  void takeUpRoles(Set<Assignment> found) {
    if (found.stream().anyMatch(Networks::hasRole)) {
      config.access().roles().ifPresent(endpoint -> openRoles(endpoint, _ -> Roles.NONE));
    }
  }

  private Roles roles(Assignment assignment) {
    Optional<RoleEndpoint> endpoint = config.access().roles();
    Optional<String> role = assignment.executionRoleArn();
    if (!hasRole(assignment) || role.isEmpty() || endpoint.isEmpty()) {
      return Roles.NONE;
    }
    return openRoles(
        endpoint.get(), open -> new Roles(open.environment(assignment.id(), role.get()), ""));
  }

  private static boolean hasRole(Assignment assignment) {
    return assignment.executionRoleArn().isPresent() && !assignment.network().isIsolated();
  }

  /**
   * Opens the endpoint, in any case for those who know of it.
   *
   * @param reached what to return when new containers reach it
   */
  private Roles openRoles(RoleEndpoint endpoint, Function<RoleEndpoint, Roles> reached) {
    try {
      String bridge = openRoles(endpoint);
      Optional<RolesNetwork.Obstacle> obstacle = RolesNetwork.obstacle(Optional.of(bridge));
      if (obstacle.isEmpty()) {
        return reached.apply(endpoint);
      }
      String text = obstacle.get().text();
      log.warn(
          "containers get no credentials of their roles: {}; {}", text, obstacle.get().advice());
      return new Roles(
          Map.of(), "no credentials of its role: %s; %s".formatted(text, obstacle.get().advice()));
    } catch (EngineException | IllegalStateException e) {
      log.warn("containers get no credentials of their roles: {}", e.getMessage());
      return Roles.NONE;
    }
  }

  /** Returns the name of the network's bridge. */
  private synchronized String openRoles(RoleEndpoint endpoint) {
    if (!engine.facts().isHere()) {
      throw new IllegalStateException(
          "the networks of the engine at %s are not this machine's".formatted(engine.address()));
    }
    String id = rolesNetwork(engine).orElseGet(this::createRolesNetwork);
    endpoint.open(RolesNetwork.address(), RolesNetwork.PREFIX_LENGTH);
    return bridge(id);
  }

  private String createRolesNetwork() {
    try {
      return engine.createNetwork(RolesNetwork.CREATION);
    } catch (EngineException.Refused e) {
      // another Berth may have been faster
      return Optional.of(e)
          .filter(EngineException.Refused::isConflict)
          .flatMap(_ -> rolesNetwork(engine))
          .orElseThrow(() -> e);
    }
  }

  private static Optional<String> rolesNetwork(Engine engine) {
    return engine.network(RolesNetwork.CREATION.name()).map(Engine.Labelled::id);
  }

  /** Returns what keeps containers on an engine from their roles' credentials. */
  static Optional<RolesNetwork.Obstacle> rolesObstacle(Engine engine) {
    return RolesNetwork.obstacle(rolesNetwork(engine).map(Networks::bridge));
  }

  // bridges

  /** Returns the name that Docker gives the bridge of a network. */
  private static String bridge(String networkId) {
    return "br-" + networkId.substring(0, Math.min(12, networkId.length()));
  }

  /** Returns whether a bridge is an interface of this machine. */
  private boolean isHere(String bridge) {
    try {
      return engine.facts().isHere() && NetworkInterface.getByName(bridge) != null;
    } catch (SocketException _) {
      return false;
    }
  }
}
