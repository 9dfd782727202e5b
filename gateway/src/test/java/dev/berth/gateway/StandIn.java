package dev.berth.gateway;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A container's HTTP server, on a port of its own, that does what a test says. */
final class StandIn implements AutoCloseable {
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final String name;
  private final List<Seen> seen = new CopyOnWriteArrayList<>();

  /** What it does with a request, the body of which may still be on its way. */
  interface Script {
    void serve(HttpExchange exchange) throws IOException, InterruptedException;
  }

  /** The head of a request that it got. */
  record Seen(Headers headers) {
    @Nullable String header(String name) {
      return headers.getFirst(name);
    }
  }

  StandIn(String name, Script script) throws IOException {
    this.name = name;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    server.setExecutor(threads);
    server.createContext(
        "/invocations",
        exchange -> {
          seen.add(new Seen(exchange.getRequestHeaders()));
          try (exchange) {
            script.serve(exchange);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
  }

  /** Answers {@code NAME(BODY)}, as {@code NAME/type}. */
  static StandIn wrapping(String name) throws IOException {
    return new StandIn(
        name, exchange -> answer(exchange, 200, name + "/type", name + "(" + body(exchange) + ")"));
  }

  /** Answers with a status and a text. */
  static StandIn saying(String name, int status, String text) throws IOException {
    return new StandIn(
        name,
        exchange -> {
          String _ = body(exchange);
          answer(exchange, status, "text/plain", text);
        });
  }

  static String body(HttpExchange exchange) throws IOException {
    return new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
  }

  static void answer(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  InstanceRoute.Container container() {
    return new InstanceRoute.Container(name, new Target.Http(server.getAddress()));
  }

  /** The heads of the requests it got, in order. */
  List<Seen> seen() {
    return seen;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
