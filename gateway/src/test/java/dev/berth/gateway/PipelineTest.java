package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.berth.edge.RawClient;
import dev.berth.gateway.GatewayConfig.PipelineAccept;
import dev.berth.hosting.route.InstanceRoute;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PipelineTest {
  private static final GatewayConfig CONFIG =
      new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 1, 1_000_000);

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

  private StandIn wrapping(String name) throws IOException {
    return opened(StandIn.wrapping(name));
  }

  private StandIn container(String name, StandIn.Script script) throws IOException {
    return opened(new StandIn(name, script));
  }

  /** Says what it got: {@code NAME(BODY|CONTENT-TYPE|ACCEPT|ATTRIBUTES)}. */
  private record Model(String name, boolean isQuick) implements InProcessModel {
    @Override
    public boolean isQuick(int bodyBytes) {
      return isQuick;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      String body = StandardCharsets.UTF_8.decode(request.body()).toString();
      return new ModelResponse(
          200,
          name + "/type",
          StandardCharsets.UTF_8.encode(
              "%s(%s|%s|%s|%s)"
                  .formatted(
                      name,
                      body,
                      request.contentType(),
                      request.accept(),
                      request.customAttributes())));
    }

    InstanceRoute.Container container() {
      return new InstanceRoute.Container(name, new Target.InProcess(this));
    }
  }

  private static String headers(String... lines) {
    return String.join("\r\n", lines) + "\r\n";
  }

  private static InetSocketAddress nobody() throws IOException {
    try (var nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) nobody.getLocalSocketAddress();
    }
  }

  @Test
  void each_container_gets_what_the_one_before_it_answered() throws Exception {
    StandIn first = wrapping("first");
    StandIn second =
        container(
            "second",
            exchange -> {
              exchange.getResponseHeaders().set("X-Amzn-SageMaker-Custom-Attributes", "of-second");
              StandIn.answer(exchange, 201, "second/type", "2(" + StandIn.body(exchange) + ")");
            });
    StandIn third =
        container(
            "third",
            exchange -> {
              exchange.getResponseHeaders().set("X-Amzn-SageMaker-Custom-Attributes", "of-third");
              StandIn.answer(exchange, 200, "third/type", "3(" + StandIn.body(exchange) + ")");
            });
    gateway.pipeline("chain", first.container(), second.container(), third.container());

    RawClient.Answer answer =
        gateway.invoke(
            "chain",
            headers(
                "Content-Type: text/csv",
                "Accept: application/json",
                "Authorization: secret",
                "X-Amzn-SageMaker-Custom-Attributes: a=b",
                "X-Amzn-SageMaker-Inference-Id: 7"),
            "1,2");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("3(2(first(1,2)))");
    assertThat(answer.headers())
        .containsEntry("content-type", "third/type")
        .containsEntry("x-amzn-sagemaker-custom-attributes", "of-third")
        .containsEntry("x-amzn-invoked-production-variant", "blue");
    assertThat(first.seen().getFirst().header("Content-Type")).isEqualTo("text/csv");
    assertThat(second.seen().getFirst().header("Content-Type")).isEqualTo("first/type");
    assertThat(third.seen().getFirst().header("Content-Type")).isEqualTo("second/type");
    for (StandIn container : new StandIn[] {first, second, third}) {
      StandIn.Seen seen = container.seen().getFirst();
      assertThat(seen.header("X-Amzn-SageMaker-Custom-Attributes")).isEqualTo("a=b");
      assertThat(seen.header("X-Amzn-SageMaker-Inference-Id")).isEqualTo("7");
      assertThat(seen.header("Authorization")).isNull();
    }
    assertThat(first.seen().getFirst().header("Accept")).isNull();
    assertThat(second.seen().getFirst().header("Accept")).isNull();
    assertThat(third.seen().getFirst().header("Accept")).isEqualTo("application/json");
  }

  @Test
  void accept_goes_to_every_container_when_the_setting_says_so() throws Exception {
    serve(CONFIG.with(PipelineAccept.ALL));
    StandIn first = wrapping("first");
    StandIn second = wrapping("second");
    gateway.pipeline("chain", first.container(), second.container());
    assertThat(gateway.invoke("chain", "Accept: text/csv\r\n", "").status()).isEqualTo(200);
    assertThat(first.seen().getFirst().header("Accept")).isEqualTo("text/csv");
    assertThat(second.seen().getFirst().header("Accept")).isEqualTo("text/csv");
  }

  @Test
  void models_in_the_jvm_and_containers_form_one_pipeline() throws Exception {
    gateway.pipeline(
        "mixed",
        new Model("a", true).container(),
        wrapping("b").container(),
        new Model("c", false).container());
    RawClient.Answer answer =
        gateway.invoke(
            "mixed",
            headers("Content-Type: t", "Accept: y", "X-Amzn-SageMaker-Custom-Attributes: z"),
            "1");
    assertThat(answer.body()).isEqualTo("c(b(a(1|t|null|z))|b/type|y|z)");
    assertThat(answer.headers()).containsEntry("content-type", "c/type");
  }

  @Test
  void a_failing_container_ends_the_pipeline_and_is_named() throws Exception {
    StandIn last = wrapping("last");
    gateway.pipeline(
        "chain",
        wrapping("first").container(),
        opened(StandIn.saying("featuriser", 422, "no \"x\"")).container(),
        last.container());
    RawClient.Answer answer = gateway.invoke("chain", "", "1");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ModelError");
    assertThat(answer.body())
        .contains(
            "\"ErrorCode\":\"CLIENT_ERROR_FROM_MODEL\"",
            "\"LogStreamArn\":\"arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/chain\"",
            "Received client error (422) from featuriser with message \\\"no \\\"x\\\"\\\". See https",
            "\"OriginalMessage\":\"no \\\"x\\\"\",\"OriginalStatusCode\":422");
    assertThat(last.seen()).isEmpty();
  }

  @Test
  void a_failing_model_in_the_jvm_is_named_too() throws Exception {
    InProcessModel broken =
        new InProcessModel() {
          @Override
          public boolean isQuick(int bodyBytes) {
            return false;
          }

          @Override
          public ModelResponse invoke(ModelRequest request) {
            return ModelResponse.text(500, "boom");
          }
        };
    gateway.pipeline(
        "chain",
        wrapping("first").container(),
        new InstanceRoute.Container("container-2", new Target.InProcess(broken)));
    assertThat(gateway.invoke("chain", "", "1").body())
        .contains("Received server error (500) from container-2 with message \\\"boom\\\".");
  }

  @Test
  void a_later_container_that_is_gone_is_a_model_error_that_names_it() throws Exception {
    gateway.pipeline(
        "chain",
        wrapping("first").container(),
        new InstanceRoute.Container("second", new Target.Http(nobody())));
    RawClient.Answer answer = gateway.invoke("chain", "", "1");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains("server error (0) from second", "could not connect", "\"OriginalStatusCode\":0");
  }

  @Test
  void a_neighbour_takes_the_whole_pipeline_when_its_first_container_is_gone() throws Exception {
    var gone = new InstanceRoute.Container("first", new Target.Http(nobody()));
    gateway.endpoint(
        "chain",
        gateway.instance(
            ExecutionMode.SERIAL, gone, opened(StandIn.saying("last", 500, "no")).container()),
        gateway.instance(
            ExecutionMode.SERIAL, wrapping("first").container(), wrapping("last").container()));
    for (int i = 0; i < 10; i++) {
      assertThat(gateway.invoke("chain", "", "1").body()).isEqualTo("last(first(1))");
    }
  }

  @Test
  void an_announced_answer_over_the_hop_limit_is_refused_before_the_next_container()
      throws Exception {
    serve(new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 1, 1_000_000));
    StandIn second = wrapping("second");
    gateway.pipeline(
        "chain",
        opened(StandIn.saying("first", 200, "x".repeat(5 * 1024 * 1024 + 1))).container(),
        second.container());
    RawClient.Answer answer = gateway.invoke("chain", "", "1");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains(
            "\"Message\":\"Received response from first with status code 200. However, the request"
                + " payload from first to second is 5242881 bytes, which has exceeded the maximum"
                + " limit of 5 MB. See https");
    assertThat(second.seen()).isEmpty();
  }

  @Test
  void a_chunked_answer_over_the_hop_limit_is_told_with_its_size() throws Exception {
    StandIn first =
        container(
            "first",
            exchange -> {
              exchange.sendResponseHeaders(200, 0);
              exchange.getResponseBody().write(new byte[6_000_000]);
            });
    gateway.pipeline("chain", first.container(), wrapping("second").container());
    assertThat(gateway.invoke("chain", "", "1").body())
        .contains("from first to second is 6000000 bytes, which has exceeded the maximum");
  }

  @Test
  void five_megabytes_pass_from_container_to_container() throws Exception {
    int most = 5 * 1024 * 1024;
    StandIn second =
        container(
            "second",
            exchange -> StandIn.answer(exchange, 200, "t", StandIn.body(exchange).length() + ""));
    gateway.pipeline(
        "chain",
        opened(StandIn.saying("first", 200, "x".repeat(most))).container(),
        second.container());
    assertThat(gateway.invoke("chain", "", "1").body()).isEqualTo(most + "");
    assertThat(second.seen().getFirst().header("Content-Length")).isEqualTo(most + "");
  }

  @Test
  void an_empty_answer_is_an_empty_request_to_the_next_container() throws Exception {
    gateway.pipeline(
        "chain",
        opened(StandIn.saying("first", 204, "")).container(),
        wrapping("second").container());
    assertThat(gateway.invoke("chain", "", "").body()).isEqualTo("second()");
  }

  @Test
  void an_empty_answer_of_the_last_container_is_an_empty_200() throws Exception {
    gateway.pipeline(
        "chain",
        wrapping("first").container(),
        opened(StandIn.saying("second", 204, "")).container());
    RawClient.Answer answer = gateway.invoke("chain", "", "x");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEmpty();
  }

  @Test
  void a_body_goes_from_hop_to_hop_before_it_is_complete() throws Exception {
    var atSecond = new CountDownLatch(1);
    StandIn first =
        container(
            "first",
            exchange -> {
              int begun = exchange.getRequestBody().read();
              exchange.sendResponseHeaders(200, 0);
              exchange.getResponseBody().write(begun);
              exchange.getResponseBody().flush();
              atSecond.await();
              exchange.getRequestBody().transferTo(exchange.getResponseBody());
            });
    StandIn second =
        container(
            "second",
            exchange -> {
              int begun = exchange.getRequestBody().read();
              atSecond.countDown();
              exchange.sendResponseHeaders(200, 0);
              exchange.getResponseBody().write(begun);
              exchange.getResponseBody().flush();
              gate.await();
              exchange.getRequestBody().transferTo(exchange.getResponseBody());
            });
    gateway.pipeline("chain", first.container(), second.container());
    try (RawClient client = gateway.client()) {
      client.send("POST /endpoints/chain/invocations HTTP/1.1\r\nHost: h\r\n");
      client.send("Transfer-Encoding: chunked\r\n\r\n1\r\n~\r\n");
      assertThat(client.readUntil("~")).startsWith("HTTP/1.1 200").contains("chunked");
      client.send("2\r\nbc\r\n0\r\n\r\n");
      gate.countDown();
      assertThat(client.readUntil("\r\n0\r\n\r\n")).contains("b", "c");
    }
    assertThat(first.seen().getFirst().header("Transfer-Encoding")).isEqualTo("chunked");
    assertThat(second.seen().getFirst().header("Transfer-Encoding")).isEqualTo("chunked");
  }

  @Test
  void a_container_that_reads_slowly_slows_the_one_before_it() throws Exception {
    int size = 200_000_000;
    serve(CONFIG.withMaxHop(size));
    var written = new AtomicLong();
    StandIn first =
        container(
            "first",
            exchange -> {
              exchange.sendResponseHeaders(200, size);
              for (int i = 0; i < size / 100_000; i++) {
                exchange.getResponseBody().write(new byte[100_000]);
                written.addAndGet(100_000);
              }
            });
    StandIn second =
        container(
            "second",
            exchange -> {
              gate.await();
              exchange.getRequestBody().transferTo(java.io.OutputStream.nullOutputStream());
              StandIn.answer(exchange, 200, "t", "all read");
            });
    gateway.pipeline("chain", first.container(), second.container());
    try (RawClient client = gateway.client()) {
      client.send(GatewayFixture.request("chain", "", "1"));
      await().until(() -> !second.seen().isEmpty());
      var before = new AtomicLong(-1);
      // Only as long as the kernel's buffers and ours have room does it get on.
      await()
          .pollInterval(Duration.ofMillis(300))
          .until(() -> before.getAndSet(written.get()) == written.get());
      assertThat(written.get()).isLessThan(size / 2);
      gate.countDown();
      assertThat(client.read().body()).isEqualTo("all read");
    }
  }

  @Test
  void all_containers_share_one_time_limit() throws Exception {
    serve(new GatewayConfig(100_000, Duration.ofMillis(400), 1, 1, 1_000_000));
    StandIn first =
        container(
            "first",
            exchange -> {
              exchange.sendResponseHeaders(200, 0);
              while (!gate.await(20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                exchange.getResponseBody().write('x'); // never still for longer than the limit
                exchange.getResponseBody().flush();
              }
            });
    gateway.pipeline("chain", first.container(), wrapping("second").container());
    RawClient.Answer answer = gateway.invoke("chain", "", "1");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains(
            "Received server error (0) from first with message \\\"Your invocation timed out while"
                + " waiting for a response from container first. Review the latency metrics for"
                + " each container in Amazon CloudWatch, resolve the issue, and try again.\\\".");
  }

  @Test
  void the_container_that_is_waited_for_when_the_time_is_up_is_named() throws Exception {
    serve(new GatewayConfig(100_000, Duration.ofMillis(400), 1, 1, 1_000_000));
    gateway.pipeline(
        "chain", wrapping("first").container(), container("second", _ -> gate.await()).container());
    assertThat(gateway.invoke("chain", "", "1").body())
        .contains("server error (0) from second", "a response from container second.");
  }

  @Test
  void a_client_that_leaves_hangs_up_on_the_container_under_way() throws Exception {
    try (var second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawClient client = gateway.client()) {
      gateway.pipeline(
          "chain",
          wrapping("first").container(),
          new InstanceRoute.Container(
              "second", new Target.Http((InetSocketAddress) second.getLocalSocketAddress())));
      client.send(GatewayFixture.request("chain", "", "1"));
      try (Socket container = second.accept()) {
        container.setSoTimeout(20_000); // far below the time limit, after which all hang up
        assertThat(container.getInputStream().read()).isEqualTo('P');
        client.reset();
        container.getInputStream().readAllBytes(); // returns when the connection is closed
      }
    }
  }

  @Test
  void a_client_that_leaves_while_a_model_runs_keeps_the_instance_until_it_returns()
      throws Exception {
    var entered = new CountDownLatch(1);
    InProcessModel slow =
        new InProcessModel() {
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
        };
    StandIn last = wrapping("last");
    InstanceRoute instance =
        gateway.instance(
            ExecutionMode.SERIAL,
            new InstanceRoute.Container("slow", new Target.InProcess(slow)),
            last.container());
    gateway.endpoint("chain", instance);
    try (RawClient client = gateway.client()) {
      client.send(GatewayFixture.request("chain", "", "1"));
      entered.await();
      client.reset();
    }
    gateway.endpoint("other", gateway.instance(ExecutionMode.SERIAL, wrapping("x").container()));
    assertThat(gateway.invoke("other", "", "1").status()).isEqualTo(200);
    assertThat(instance.inFlight()).isEqualTo(1);
    gate.countDown();
    await().until(() -> instance.inFlight() == 0);
    assertThat(last.seen()).isEmpty();
  }

  @Test
  void a_payload_over_the_limit_ends_the_pipeline() throws Exception {
    gateway.pipeline("chain", wrapping("first").container(), wrapping("second").container());
    try (RawClient client = gateway.client()) {
      client.send("POST /endpoints/chain/invocations HTTP/1.1\r\nHost: h\r\n");
      client.send(
          "Transfer-Encoding: chunked\r\n\r\n186a1\r\n" + "x".repeat(100_001) + "\r\n0\r\n\r\n");
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("payload limit of 100000 bytes");
    }
  }

  @Test
  void direct_invocation_runs_only_the_container_that_is_named() throws Exception {
    StandIn one = wrapping("one");
    StandIn two = wrapping("two");
    gateway.endpoint(
        "direct", gateway.instance(ExecutionMode.DIRECT, one.container(), two.container()));
    String header = "X-Amzn-SageMaker-Target-Container-Hostname: ";
    assertThat(gateway.invoke("direct", header + "two\r\n", "1").body()).isEqualTo("two(1)");
    assertThat(gateway.invoke("direct", header + "container-2\r\n", "1").body())
        .isEqualTo("two(1)");
    assertThat(one.seen()).isEmpty();
    assertThat(two.seen()).hasSize(2);
  }

  @Test
  void direct_invocation_names_the_container_in_its_errors() throws Exception {
    gateway.endpoint(
        "direct",
        gateway.instance(
            ExecutionMode.DIRECT,
            wrapping("one").container(),
            opened(StandIn.saying("two", 500, "boom")).container()));
    assertThat(
            gateway
                .invoke("direct", "X-Amzn-SageMaker-Target-Container-Hostname: two\r\n", "")
                .body())
        .contains("Received server error (500) from two with message");
  }

  @Test
  void a_missing_unknown_or_misplaced_target_container_is_a_validation_error() throws Exception {
    gateway.endpoint(
        "direct",
        gateway.instance(
            ExecutionMode.DIRECT, wrapping("one").container(), wrapping("two").container()));
    gateway.pipeline("chain", wrapping("one").container(), wrapping("two").container());
    String header = "X-Amzn-SageMaker-Target-Container-Hostname: ";

    RawClient.Answer missing = gateway.invoke("direct", "", "");
    RawClient.Answer unknown = gateway.invoke("direct", header + "three\r\n", "");
    RawClient.Answer misplaced = gateway.invoke("chain", header + "one\r\n", "");

    for (RawClient.Answer answer : new RawClient.Answer[] {missing, unknown, misplaced}) {
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ValidationError");
    }
    assertThat(missing.body()).contains("needs the target container hostname header");
    assertThat(unknown.body()).contains("has no container with hostname three");
    assertThat(misplaced.body()).contains("does not use direct invocation");
  }
}
