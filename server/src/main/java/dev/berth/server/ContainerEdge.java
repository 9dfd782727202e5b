package dev.berth.server;

import dev.berth.edge.Destination;
import dev.berth.edge.Dispatcher;
import dev.berth.edge.EdgeConfig;
import dev.berth.edge.EdgeServer;
import dev.berth.edge.ErrorForm;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.RoleEndpoint;
import dev.berth.identity.CredentialIssuer;
import dev.berth.identity.CredentialIssuer.Ticket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A second listening port, for containers only: on an address that they reach, when the first of
 * them needs it. Its number is kept, as containers outlive a restart and have it in their
 * environment. Many threads at a time.
 */
final class ContainerEdge implements RoleEndpoint, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerEdge.class);
  private static final int MAX_CONNECTIONS = 2_000;
  private static final int MAX_IN_FLIGHT = 64;

  private final Path portFile;
  private final CredentialIssuer issuer;

  /** Guarded by this. */
  private @Nullable Dispatcher gate;

  /** Guarded by this. */
  private @Nullable EdgeServer server;

  /** Guarded by this. */
  private boolean isClosed;

  /**
   * @param portFile where the port's number is kept
   */
  ContainerEdge(Path portFile, CredentialIssuer issuer) {
    this.portFile = portFile;
    this.issuer = issuer;
  }

  /**
   * Says what is behind it; until then it can't be opened.
   *
   * @param services where containers' requests to AWS's services go
   * @param isThere whether there is an instance whose identity has this text
   */
  synchronized void lead(Dispatcher services, Predicate<String> isThere) {
    gate =
        new ContainerGate(
            issuer,
            new Destination.Whole(new RoleCredentialsService(issuer, isThere), 0, ErrorForm.PLAIN),
            services);
    notifyAll();
  }

  @Override
  public synchronized void open(InetAddress address, int prefixLength) {
    Dispatcher behind = awaitGate();
    if (server != null || isClosed) {
      return;
    }
    EdgeConfig config =
        EdgeConfig.of(address.getHostAddress(), keptPort())
            .withBounds(MAX_CONNECTIONS, MAX_IN_FLIGHT)
            .withPeers(peer -> isNeighbour(peer.getAddress(), address.getAddress(), prefixLength));
    server = start(config, behind);
    keep(server.port());
    LOG.info("containers get credentials at {}", server.address());
  }

  private Dispatcher awaitGate() {
    while (gate == null && !isClosed) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while Berth starts", e);
      }
    }
    if (gate == null) {
      throw new IllegalStateException("Berth is closing");
    }
    return gate;
  }

  private static EdgeServer start(EdgeConfig config, Dispatcher gate) {
    try {
      return EdgeServer.start(config, gate);
    } catch (EdgeServer.PortUnavailableException e) {
      if (config.port() == 0) {
        throw new IllegalStateException(e.getMessage(), e);
      }
      LOG.warn(
          "port {} of {}, where running containers look for credentials, is taken; they get none until they are replaced",
          config.port(),
          config.host());
      return start(config.withPort(0), gate);
    }
  }

  private static boolean isNeighbour(byte[] peer, byte[] own, int prefixLength) {
    if (peer.length != own.length) {
      return false;
    }
    for (int bit = 0; bit < prefixLength; bit++) {
      int mask = 0x80 >> (bit & 7);
      if ((peer[bit >> 3] & mask) != (own[bit >> 3] & mask)) {
        return false;
      }
    }
    return true;
  }

  private int keptPort() {
    try {
      return Files.exists(portFile) ? Integer.parseInt(Files.readString(portFile).strip()) : 0;
    } catch (IOException | NumberFormatException e) {
      LOG.warn("{} can't be read: {}", portFile, e.toString());
      return 0;
    }
  }

  private void keep(int port) {
    try {
      Files.writeString(portFile, port + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("can't keep the port for containers in " + portFile, e);
    }
  }

  @Override
  public synchronized Map<String, String> environment(InstanceId instance, String roleArn) {
    if (server == null) {
      throw new IllegalStateException("not open yet");
    }
    String url =
        "http://%s:%d".formatted(server.address().getAddress().getHostAddress(), server.port());
    return Map.of(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        url + ContainerGate.CREDENTIALS_PATH,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        issuer.ticket(new Ticket(instance.toString(), instance.instance(), roleArn)),
        "AWS_ENDPOINT_URL",
        url);
  }

  @Override
  public void close() {
    EdgeServer open;
    synchronized (this) {
      isClosed = true;
      open = server;
      notifyAll();
    }
    if (open != null) {
      open.close();
    }
  }
}
