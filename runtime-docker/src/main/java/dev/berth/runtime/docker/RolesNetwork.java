package dev.berth.runtime.docker;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The network in which containers find {@link dev.berth.hosting.runtime.RoleEndpoint}, and whether
 * this machine's packets get there. It is shared by all Berths of an engine, as a network's
 * addresses are taken once. SDKs ask without TLS at 169.254.170.2, ECS's address, and not at any
 * other of a network
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
 *
 * <p>A second interface with these addresses, which engines don't look for, hides the network: an
 * answer to a container leaves by whichever came first. It is a bridge that an engine left when it
 * was killed, or that of another engine on this machine.
 */
final class RolesNetwork {
  static final String ADDRESS = "169.254.170.2";
  static final int PREFIX_LENGTH = 23;

  static final Engine.NetworkCreation CREATION =
      new Engine.NetworkCreation(
          "berth-roles",
          Map.of("dev.berth.network", "roles"),
          true,
          Map.of("com.docker.network.bridge.enable_icc", "false"),
          Optional.of(new Engine.Addresses("169.254.170.0/" + PREFIX_LENGTH, ADDRESS)));

  private static final int NETWORK = number("169.254.170.0");
  private static final int MASK = -1 << (32 - PREFIX_LENGTH);

  /** IPv4's routes of this machine, of those with the same prefix and metric the used one first. */
  private static final Path ROUTES = Path.of("/proc/net/route");

  private RolesNetwork() {}

  /**
   * An interface of this machine that is in the network's way. Whether an engine owns it can't be
   * told: containers of an engine that was killed keep its bridge up.
   *
   * @param name of the interface
   */
  record Obstacle(String name) {

    /** Returns what is wrong and what follows, for people. */
    String text() {
      return "%1$s and its network are also those of %2$s, so containers would ask for credentials in vain: an engine that was killed has left %2$s, or another engine on this machine has it, and two can't both"
          .formatted(ADDRESS, name);
    }

    /** Returns what to do about it. */
    String advice() {
      return "'ip link delete %s' when no engine owns it; else stop the other engine, or remove its network %s"
          .formatted(name, CREATION.name());
    }
  }

  /**
   * Looks for an interface that is in the way; none where that can't be told.
   *
   * @param bridge the network's own; empty when it isn't made yet
   */
  static Optional<Obstacle> obstacle(Optional<String> bridge) {
    try {
      if (!Files.exists(ROUTES)
          || (bridge.isPresent() && NetworkInterface.getByName(bridge.get()) == null)) {
        return Optional.empty();
      }
      return inTheWay(Files.readAllLines(ROUTES), bridge).map(Obstacle::new);
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  /**
   * Returns an interface that packets to the network, or to a part of it, leave by in place of its
   * bridge.
   *
   * @param routes lines of {@code /proc/net/route}
   */
  static Optional<String> inTheWay(List<String> routes, Optional<String> bridge) {
    List<Route> there = routes.stream().skip(1).map(Route::of).filter(Route::isWithin).toList();
    Optional<Route> whole =
        there.stream()
            .filter(route -> route.mask() == MASK)
            .min(Comparator.comparingInt(Route::metric)); // of equal ones the first
    return Stream.concat(
            there.stream().filter(route -> route.mask() != MASK), // a part
            whole.stream())
        .map(Route::name)
        .filter(name -> !name.equals(bridge.orElse("")))
        .findFirst();
  }

  /** A line of {@code /proc/net/route}; its addresses are in the machine's own order of bytes. */
  private record Route(String name, int destination, int mask, int metric) {
    static Route of(String line) {
      String[] fields = line.strip().split("\\s+", -1);
      return new Route(
          fields[0],
          Integer.reverseBytes(Integer.parseUnsignedInt(fields[1], 16)),
          Integer.reverseBytes(Integer.parseUnsignedInt(fields[7], 16)),
          Integer.parseInt(fields[6]));
    }

    boolean isWithin() {
      return (mask & MASK) == MASK && (destination & MASK) == NETWORK;
    }
  }

  private static int number(String address) {
    return ByteBuffer.wrap(Inet4Address.ofLiteral(address).getAddress()).getInt();
  }

  /** Returns {@link #ADDRESS}. */
  static InetAddress address() {
    return InetAddress.ofLiteral(ADDRESS);
  }
}
