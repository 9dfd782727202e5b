package dev.berth.edge;

import java.net.InetAddress;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * The edge's settings.
 *
 * @param host address or name to listen on
 * @param port TCP port, 0 for any free one
 * @param eventLoops threads that serve connections
 * @param maxConnections open at a time; more are told 503 and closed
 * @param maxUriBytes longest request line, else 414
 * @param maxHeaderBytes all header lines together, else 431
 * @param maxPipelined decoded parts of later requests that wait while one is served; reading stops
 *     there
 * @param maxWholeInFlight calls on virtual threads at a time; more are told 503
 * @param headTimeout from a head's first byte to its last, and from accepting to the first byte
 * @param bodyIdleTimeout between two pieces of a body, and while a client takes no more of an
 *     answer
 * @param keepAliveTimeout between two requests on a connection
 * @param shutdownGrace how long open exchanges may take to end on close
 * @param peers who may connect, by address; others' connections are closed at once
 */
public record EdgeConfig(
    String host,
    int port,
    int eventLoops,
    int maxConnections,
    int maxUriBytes,
    int maxHeaderBytes,
    int maxPipelined,
    int maxWholeInFlight,
    Duration headTimeout,
    Duration bodyIdleTimeout,
    Duration keepAliveTimeout,
    Duration shutdownGrace,
    Predicate<InetAddress> peers) {
  public EdgeConfig {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("not a TCP port: " + port);
    }
    if (eventLoops < 1 || maxConnections < 1 || maxPipelined < 1 || maxWholeInFlight < 1) {
      throw new IllegalArgumentException("every count of the edge must be at least 1");
    }
  }

  /** Returns the defaults for {@code host} and {@code port}. */
  public static EdgeConfig of(String host, int port) {
    return new EdgeConfig(
        host,
        port,
        Math.max(2, Runtime.getRuntime().availableProcessors()),
        10_000,
        16_384,
        65_536,
        256,
        512,
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofSeconds(75),
        Duration.ofSeconds(20),
        _ -> true);
  }

  /** Returns this with other time-outs. */
  public EdgeConfig withTimeouts(
      Duration head, Duration bodyIdle, Duration keepAlive, Duration grace) {
    return new EdgeConfig(
        host,
        port,
        eventLoops,
        maxConnections,
        maxUriBytes,
        maxHeaderBytes,
        maxPipelined,
        maxWholeInFlight,
        head,
        bodyIdle,
        keepAlive,
        grace,
        peers);
  }

  /** Returns this with other bounds on connections and on calls on virtual threads. */
  public EdgeConfig withBounds(int connections, int wholeInFlight) {
    return new EdgeConfig(
        host,
        port,
        eventLoops,
        connections,
        maxUriBytes,
        maxHeaderBytes,
        maxPipelined,
        wholeInFlight,
        headTimeout,
        bodyIdleTimeout,
        keepAliveTimeout,
        shutdownGrace,
        peers);
  }

  /** Returns this for another port. */
  public EdgeConfig withPort(int other) {
    return new EdgeConfig(
        host,
        other,
        eventLoops,
        maxConnections,
        maxUriBytes,
        maxHeaderBytes,
        maxPipelined,
        maxWholeInFlight,
        headTimeout,
        bodyIdleTimeout,
        keepAliveTimeout,
        shutdownGrace,
        peers);
  }

  /** Returns this for some peers only. */
  public EdgeConfig withPeers(Predicate<InetAddress> some) {
    return new EdgeConfig(
        host,
        port,
        eventLoops,
        maxConnections,
        maxUriBytes,
        maxHeaderBytes,
        maxPipelined,
        maxWholeInFlight,
        headTimeout,
        bodyIdleTimeout,
        keepAliveTimeout,
        shutdownGrace,
        some);
  }
}
