package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.berth.edge.Destination;
import dev.berth.edge.EdgeConfig;
import dev.berth.edge.EdgeServer;
import dev.berth.edge.ErrorForm;
import dev.berth.edge.RawClient;
import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.route.VariantRoute.Strategy;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.Owner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A gateway behind an edge, and the routes it reads. Closing it waits for open invocations. */
final class GatewayFixture implements AutoCloseable {
  private final Map<String, EndpointRoute> routes = new ConcurrentHashMap<>();
  private final List<InstanceRoute> instances = new ArrayList<>();
  private final Gateway gateway;
  private final EdgeServer server;

  GatewayFixture(GatewayConfig config) {
    gateway = new Gateway(routes::get, config, "000000000000", "us-east-1");
    var runtime = new Destination.Streaming(gateway, ErrorForm.RUNTIME);
    server = EdgeServer.start(EdgeConfig.of("127.0.0.1", 0), _ -> runtime);
  }

  InstanceRoute instance(ExecutionMode mode, InstanceRoute.Container... containers) {
    var id = new InstanceId(Owner.endpoint("e"), 1, "blue", "i-" + instances.size());
    var route = new InstanceRoute(id, mode, List.of(containers));
    instances.add(route);
    return route;
  }

  /** Puts an endpoint of one variant in force. */
  void endpoint(String name, InstanceRoute... of) {
    endpoint(name, Strategy.RANDOM, of);
  }

  void endpoint(String name, Strategy strategy, InstanceRoute... of) {
    var variant = new VariantRoute("blue", 1, strategy, List.of(of));
    routes.put(name, new EndpointRoute(name, List.of(variant)));
  }

  /** Puts a pipeline of one instance in force. */
  void pipeline(String name, InstanceRoute.Container... containers) {
    endpoint(name, instance(ExecutionMode.SERIAL, containers));
  }

  int port() {
    return server.port();
  }

  RawClient client() throws IOException {
    return new RawClient(server.port());
  }

  static String request(String endpoint, String headers, String body) {
    return "POST /endpoints/%s/invocations HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n%s"
        .formatted(endpoint, body.length(), headers, body);
  }

  RawClient.Answer invoke(String endpoint, String headers, String body) throws IOException {
    try (RawClient client = client()) {
      return client.send(request(endpoint, headers, body)).read();
    }
  }

  /** Waits until no instance has an invocation. */
  void awaitNothingInFlight() {
    await()
        .untilAsserted(
            () -> assertThat(instances).allSatisfy(i -> assertThat(i.inFlight()).isZero()));
  }

  @Override
  public void close() {
    try {
      awaitNothingInFlight();
    } finally {
      server.close();
      gateway.close();
    }
  }
}
