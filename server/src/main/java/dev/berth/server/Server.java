package dev.berth.server;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;

/** Stand-in of the server. */
public final class Server implements AutoCloseable {
  private final HttpServer http;

  private Server(HttpServer http) {
    this.http = http;
  }

  /** Starts a server that answers nothing but its health. */
  public static Server start(ServerConfig config) throws IOException {
    var http = HttpServer.create(new InetSocketAddress(config.host(), config.port()), 10);
    http.createContext(
        "/_berth/health",
        exchange -> {
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    http.start();
    return new Server(http);
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
