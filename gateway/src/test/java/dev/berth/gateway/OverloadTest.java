package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.berth.edge.RawClient;
import dev.berth.hosting.load.ContainerLoad;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.InvocationFigures;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.route.VariantRoute.Strategy;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Containers that are slow, full, or given up on. */
class OverloadTest {
  private static final GatewayConfig CONFIG =
      new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 10, 1_000_000);

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final CountDownLatch gate = new CountDownLatch(1);
  private GatewayFixture gateway = opened(new GatewayFixture(CONFIG));

  private <T extends AutoCloseable> T opened(T part) {
    open.push(part);
    return part;
  }

  private void serve(GatewayConfig config) {
    gateway = opened(new GatewayFixture(config));
  }

  @AfterEach
  void close() throws Exception {
    gate.countDown();
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  /** Answers once the gate is open. */
  private StandIn gated(String name) throws IOException {
    return opened(
        new StandIn(
            name,
            exchange -> {
              String body = StandIn.body(exchange);
              gate.await();
              StandIn.answer(exchange, 200, "text/plain", name + "(" + body + ")");
            }));
  }

  private InstanceRoute instance(InstanceRoute.Container... containers) {
    return gateway.instance(ExecutionMode.SERIAL, containers);
  }

  private static InvocationFigures figures(Strategy strategy, InstanceRoute... instances) {
    return InvocationFigures.of(new VariantRoute("blue", 1, strategy, List.of(instances)));
  }

  @Test
  void a_chunked_answer_reaches_the_client_before_its_end() throws Exception {
    StandIn streaming =
        opened(
            new StandIn(
                "primary",
                exchange -> {
                  String _ = StandIn.body(exchange);
                  exchange.sendResponseHeaders(200, 0);
                  exchange.getResponseBody().write("~first~".getBytes(StandardCharsets.UTF_8));
                  exchange.getResponseBody().flush();
                  gate.await();
                  exchange.getResponseBody().write("last".getBytes(StandardCharsets.UTF_8));
                }));
    gateway.endpoint("stream", instance(streaming.container()));
    try (RawClient client = gateway.client()) {
      client.send(GatewayFixture.request("stream", "", "x"));
      assertThat(client.readUntil("~first~")).startsWith("HTTP/1.1 200");
      gate.countDown();
      assertThat(client.readUntil("0\r\n\r\n")).contains("last");
    }
  }

  @Test
  void a_full_container_leaves_the_request_to_another_and_all_full_ones_are_503() throws Exception {
    serve(CONFIG.withMaxInFlight(1));
    StandIn first = gated("a");
    StandIn second = gated("b");
    InstanceRoute one = instance(first.container());
    InstanceRoute two = instance(second.container());
    gateway.endpoint("busy", one, two);
    try (RawClient early = gateway.client();
        RawClient late = gateway.client()) {
      early.send(GatewayFixture.request("busy", "", "1"));
      await().until(() -> one.inFlight() + two.inFlight() == 1);
      late.send(GatewayFixture.request("busy", "", "2"));
      await().until(() -> one.inFlight() == 1 && two.inFlight() == 1);

      RawClient.Answer answer = gateway.invoke("busy", "", "3");

      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ServiceUnavailable");
      assertThat(answer.body())
          .contains("Variant blue of endpoint busy is overloaded")
          .contains("has 1 requests, which is the most that it may have")
          .contains("Please try again later.");
      gate.countDown();
      // Chance decides which of the two gets the first.
      assertThat(List.of(early.read().body(), late.read().body()))
          .isIn(List.of("a(1)", "b(2)"), List.of("b(1)", "a(2)"));
    }
    assertThat(gateway.invoke("busy", "", "4").status()).isEqualTo(200);
    assertThat(figures(Strategy.RANDOM, one, two).containers().getFirst().shed()).isEqualTo(1);
  }

  @Test
  void a_request_that_would_be_answered_too_late_is_503_at_once() throws Exception {
    StandIn container = opened(StandIn.saying("primary", 200, "well"));
    InstanceRoute instance = instance(container.container());
    gateway.endpoint("slow", instance);
    // Ten of forty in 100 s: the next would be the 31st, after 310 s.
    ContainerLoad load = instance.meter(0).load();
    for (int i = 0; i < 40; i++) {
      load.begin(0);
    }
    for (int i = 1; i <= 10; i++) {
      load.end(Duration.ofSeconds(10L * i).toNanos());
    }

    RawClient.Answer answer = gateway.invoke("slow", "", "x");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body()).contains("would answer one more only after about");
    assertThat(container.seen()).isEmpty();
    for (int i = 0; i < 30; i++) {
      load.end(Duration.ofSeconds(101).toNanos());
    }
    assertThat(gateway.invoke("slow", "", "x").body()).isEqualTo("well");
  }

  @Test
  void a_full_later_container_ends_the_pipeline_with_503() throws Exception {
    serve(CONFIG.withMaxInFlight(1));
    StandIn last = gated("last");
    InstanceRoute instance =
        instance(opened(StandIn.wrapping("first")).container(), last.container());
    gateway.endpoint("chain", instance);
    try (RawClient early = gateway.client()) {
      early.send(GatewayFixture.request("chain", "", "1"));
      await().until(() -> !last.seen().isEmpty());
      RawClient.Answer answer = gateway.invoke("chain", "", "2");
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.body()).contains("container last has 1 requests");
      gate.countDown();
      assertThat(early.read().body()).isEqualTo("last(first(1))");
    }
  }

  /** Waits at the gate, on a worker. */
  private final class Slow implements InProcessModel {
    private final CountDownLatch entered = new CountDownLatch(1);

    @Override
    public boolean isQuick(int bodyBytes) {
      return false;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      entered.countDown();
      try {
        gate.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return ModelResponse.text(200, "late");
    }
  }

  @Test
  void an_invocation_that_the_workers_would_come_to_too_late_is_503_at_once() throws Exception {
    serve(new GatewayConfig(100_000, Duration.ofSeconds(1), 1, 10, 1_000_000));
    var held = new CountDownLatch(1);
    var running = new CountDownLatch(2);
    InProcessModel model =
        new InProcessModel() {
          @Override
          public boolean isQuick(int bodyBytes) {
            return false;
          }

          @Override
          public ModelResponse invoke(ModelRequest request) {
            running.countDown();
            try {
              (running.getCount() == 1 ? held : gate).await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return ModelResponse.text(200, "late");
          }
        };
    InstanceRoute instance =
        instance(new InstanceRoute.Container("p", new Target.InProcess(model)));
    gateway.endpoint("slow", instance);
    // The first one takes longer than the limit, which the workers remember.
    assertThat(gateway.invoke("slow", "", "1").status()).isEqualTo(424);
    held.countDown();
    await().until(() -> instance.inFlight() == 0);
    try (RawClient second = gateway.client();
        RawClient third = gateway.client()) {
      second.send(GatewayFixture.request("slow", "", "2"));
      running.await();
      third.send(GatewayFixture.request("slow", "", "3"));
      await().until(() -> instance.inFlight() == 2);
      RawClient.Answer answer = gateway.invoke("slow", "", "4");
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.body()).contains("The model workers would come to this invocation only");
    }
  }

  @Test
  void a_client_that_leaves_frees_what_no_worker_has_begun() throws Exception {
    var model = new Slow();
    InstanceRoute instance =
        instance(new InstanceRoute.Container("p", new Target.InProcess(model)));
    gateway.endpoint("slow", instance);
    try (RawClient first = gateway.client()) {
      first.send(GatewayFixture.request("slow", "", "1"));
      model.entered.await();
      try (RawClient second = gateway.client()) {
        second.send(GatewayFixture.request("slow", "", "2"));
        await().until(() -> instance.inFlight() == 2);
        second.reset();
      }
      await().until(() -> instance.inFlight() == 1);
      gate.countDown();
      assertThat(first.read().body()).isEqualTo("late");
    }
  }

  @Test
  void least_outstanding_requests_avoids_the_instance_that_is_busy() throws Exception {
    StandIn busy = gated("busy");
    StandIn idle = opened(StandIn.wrapping("idle"));
    InstanceRoute one = instance(busy.container());
    gateway.endpoint("e", Strategy.LEAST_OUTSTANDING_REQUESTS, one);
    try (RawClient early = gateway.client()) {
      early.send(GatewayFixture.request("e", "", "1"));
      await().until(() -> one.inFlight() == 1);
      gateway.endpoint("e", Strategy.LEAST_OUTSTANDING_REQUESTS, one, instance(idle.container()));
      for (int i = 0; i < 20; i++) {
        assertThat(gateway.invoke("e", "", "2").body()).isEqualTo("idle(2)");
      }
      gate.countDown();
      assertThat(early.read().body()).isEqualTo("busy(1)");
    }
  }

  @Test
  void a_client_that_leaves_hangs_up_on_its_container() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawClient client = gateway.client()) {
      gateway.endpoint("boxed", instance(at(listening)));
      client.send(GatewayFixture.request("boxed", "", "1"));
      try (Socket container = listening.accept()) {
        container.setSoTimeout(20_000);
        assertThat(container.getInputStream().read()).isEqualTo('P');
        client.reset();
        container.getInputStream().readAllBytes(); // returns when the connection is closed
      }
    }
  }

  @Test
  void a_container_that_does_not_answer_in_time_is_a_model_error_and_is_hung_up_on()
      throws Exception {
    serve(new GatewayConfig(100_000, Duration.ofMillis(200), 1, 1, 1_000_000));
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawClient client = gateway.client()) {
      gateway.endpoint("boxed", instance(at(listening)));
      client.send(GatewayFixture.request("boxed", "", "1"));
      try (Socket container = listening.accept()) {
        container.setSoTimeout(20_000);
        RawClient.Answer answer = client.read();
        assertThat(answer.status()).isEqualTo(424);
        assertThat(answer.body())
            .contains(
                "Received server error (0) from primary with message \\\"Your invocation timed out",
                "\"LogStreamArn\":\"arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/boxed\"");
        container.getInputStream().readAllBytes(); // returns when the connection is closed
      }
    }
  }

  private static InstanceRoute.Container at(ServerSocket listening) {
    return new InstanceRoute.Container(
        "primary", new Target.Http((InetSocketAddress) listening.getLocalSocketAddress()));
  }

  @Test
  void every_containers_answers_are_counted_and_timed() throws Exception {
    InstanceRoute chain =
        instance(
            opened(StandIn.wrapping("first")).container(),
            opened(StandIn.wrapping("second")).container());
    gateway.endpoint("chain", chain);
    for (int i = 0; i < 3; i++) {
      assertThat(gateway.invoke("chain", "", "x").status()).isEqualTo(200);
    }
    InvocationFigures figures = figures(Strategy.RANDOM, chain);
    assertThat(figures.modelLatency().count()).isEqualTo(3);
    assertThat(figures.overheadLatency().count()).isEqualTo(3);
    assertThat(figures.containers())
        .extracting(InvocationFigures.ContainerFigures::container)
        .containsExactly("first", "second");
    assertThat(figures.containers())
        .allSatisfy(container -> {
          assertThat(container.invocations()).isEqualTo(3);
          assertThat(container.inFlight()).isZero();
          assertThat(container.containerLatency().p50Micros()).isPositive();
          assertThat(container.containerLatency().maxMicros())
              .isLessThanOrEqualTo(figures.modelLatency().maxMicros());
        });
  }

  @Test
  void a_containers_errors_are_counted_by_their_kind() throws Exception {
    InstanceRoute refusing =
        instance(
            opened(StandIn.wrapping("first")).container(),
            opened(StandIn.saying("second", 422, "no")).container());
    InstanceRoute broken = instance(opened(StandIn.saying("primary", 500, "no")).container());
    gateway.endpoint("refusing", refusing);
    gateway.endpoint("broken", broken);
    assertThat(gateway.invoke("refusing", "", "x").status()).isEqualTo(424);
    assertThat(gateway.invoke("broken", "", "x").status()).isEqualTo(424);
    var second = figures(Strategy.RANDOM, refusing).containers().getLast();
    assertThat(second.invocation4xxErrors()).isEqualTo(1);
    assertThat(second.invocation5xxErrors()).isZero();
    assertThat(figures(Strategy.RANDOM, refusing).containers().getFirst().invocation4xxErrors())
        .isZero();
    assertThat(figures(Strategy.RANDOM, broken).containers().getFirst().invocation5xxErrors())
        .isEqualTo(1);
  }
}
