package dev.berth.runtime.docker;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Addresses for networks when the engine's own are used up: Docker's defaults are good for about
 * thirty networks. They are of 198.18.0.0/15, which RFC 2544 sets aside for tests of network
 * devices, so that no host on the internet or in an office has one.
 */
final class SpareAddresses {
  private static final int FIRST = (198 << 24) | (18 << 16);
  private static final int PREFIX_LENGTH = 15;

  /** Room for the fifteen containers of an instance, the bridge and what is reserved. */
  private static final int SUBNET_PREFIX_LENGTH = 27;

  static final int COUNT = 1 << (SUBNET_PREFIX_LENGTH - PREFIX_LENGTH);

  private SpareAddresses() {}

  /** Returns all of them, beginning with one that depends on the network's name. */
  static Stream<Engine.Addresses> inTurnFor(String network) {
    int begin = Math.floorMod(network.hashCode(), COUNT);
    return IntStream.range(0, COUNT).mapToObj(i -> subnet((begin + i) % COUNT));
  }

  private static Engine.Addresses subnet(int index) {
    int base = FIRST + (index << (Integer.SIZE - SUBNET_PREFIX_LENGTH));
    return new Engine.Addresses(dotted(base) + "/" + SUBNET_PREFIX_LENGTH, dotted(base + 1));
  }

  private static String dotted(int address) {
    return "%d.%d.%d.%d"
        .formatted(address >>> 24, (address >>> 16) & 0xFF, (address >>> 8) & 0xFF, address & 0xFF);
  }
}
