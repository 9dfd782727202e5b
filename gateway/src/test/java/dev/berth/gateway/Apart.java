package dev.berth.gateway;

import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A host with a server for each model, as where each has a container of its own. A server that is
 * asked to {@code die} closes its connection and listens no more.
 */
final class Apart implements ModelHost, AutoCloseable {
  private final Map<String, Server> servers = new ConcurrentHashMap<>();

  /** Bodies that were read, by whichever server. */
  final List<String> read = new CopyOnWriteArrayList<>();

  /** Ids that were looked for, and what is waited for before that is answered. */
  final List<String> looks = new CopyOnWriteArrayList<>();

  volatile CountDownLatch looking = new CountDownLatch(0);

  private final class Server implements AutoCloseable {
    private final ServerSocket socket;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();

    Server() throws IOException {
      socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.startVirtualThread(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          Socket client = socket.accept();
          Thread.startVirtualThread(() -> serve(client));
        }
      } catch (IOException _) {
        // it was closed
      }
    }

    private void serve(Socket client) {
      clients.add(client);
      try (client) {
        while (!socket.isClosed()) {
          String body = request(client);
          if (body == null) {
            return;
          }
          read.add(body);
          if (body.startsWith("die")) {
            close();
            return;
          }
          answer(client, body);
        }
      } catch (IOException _) {
        // the other side is gone
      }
    }

    private @Nullable String request(Socket client) throws IOException {
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = client.getInputStream().read();
        if (next < 0) {
          return null;
        }
        head.append((char) next);
      }
      String length = head.toString().toLowerCase(Locale.ROOT);
      int at = length.indexOf("content-length: ") + "content-length: ".length();
      int bytes = Integer.parseInt(length.substring(at, length.indexOf("\r\n", at)));
      return new String(client.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    private void answer(Socket client, String body) throws IOException {
      String said = "got " + body.length();
      client
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                  .formatted(said.length(), said)
                  .getBytes(StandardCharsets.US_ASCII));
    }

    InetSocketAddress address() {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    @Override
    public void close() throws IOException {
      socket.close();
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** Ends a model's server. */
  void kill(String id) throws IOException {
    Server server = servers.get(id);
    if (server != null) {
      server.close();
    }
  }

  @Override
  public long memoryBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public Loaded load(String id, Path directory, long expectedBytes, Duration timeout)
      throws LoadException {
    try {
      Server server = servers.get(id);
      if (server == null || server.socket.isClosed()) {
        server = new Server();
        servers.put(id, server);
      }
      return new Loaded(new Target.Http(server.address()), 0);
    } catch (IOException e) {
      throw new LoadException(new Refusal.Gone(e.toString()));
    }
  }

  @Override
  public void unload(String id) {}

  @Override
  public boolean has(String id) throws InterruptedException {
    looks.add(id);
    looking.await();
    Server server = servers.get(id);
    return server != null && !server.socket.isClosed();
  }

  @Override
  public Set<String> loaded() {
    return Set.of();
  }

  @Override
  public void close() throws IOException {
    looking.countDown();
    for (Server server : servers.values()) {
      server.close();
    }
  }
}
