package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.berth.edge.Destination;
import dev.berth.edge.EdgeConfig;
import dev.berth.edge.EdgeServer;
import dev.berth.edge.ErrorForm;
import dev.berth.edge.RawClient;
import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.route.VariantRoute.Strategy;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatewayTest {
  private final Map<String, EndpointRoute> routes = new ConcurrentHashMap<>();
  private final List<InstanceRoute> instances = new ArrayList<>();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final CountDownLatch entered = new CountDownLatch(1);
  private Gateway gateway;
  private EdgeServer server;

  @BeforeEach
  void open() {
    serve(new GatewayConfig(100_000, Duration.ofSeconds(60), 1, 1, 1_000_000));
  }

  private void serve(GatewayConfig config) {
    close();
    gateway = new Gateway(routes::get, config, "000000000000", "us-east-1");
    var runtime = new Destination.Streaming(gateway, ErrorForm.RUNTIME);
    server = EdgeServer.start(EdgeConfig.of("127.0.0.1", 0), _ -> runtime);
  }

  @AfterEach
  void end() {
    gate.countDown();
    close();
    await()
        .untilAsserted(
            () -> assertThat(instances).allSatisfy(i -> assertThat(i.inFlight()).isZero()));
  }

  private void close() {
    if (server != null) {
      server.close();
      gateway.close();
    }
  }

  /** Says what it got, on the event loop or on a worker. */
  private record Talker(boolean isQuick) implements InProcessModel {
    @Override
    public boolean isQuick(int bodyBytes) {
      return isQuick;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      String body = StandardCharsets.UTF_8.decode(request.body()).toString();
      return new ModelResponse(
          201,
          "text/csv",
          StandardCharsets.UTF_8.encode(
              request.contentType()
                  + "|"
                  + request.accept()
                  + "|"
                  + request.customAttributes()
                  + "|"
                  + (body.length() > 100 ? body.length() + " bytes" : body)));
    }
  }

  private record Fixed(boolean isQuick, ModelResponse response) implements InProcessModel {
    @Override
    public boolean isQuick(int bodyBytes) {
      return isQuick;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      return response;
    }
  }

  /** Waits at the gate, on a worker. */
  private final class Slow implements InProcessModel {
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

  private InstanceRoute instance(Target target) {
    var route =
        new InstanceRoute(
            new InstanceId(Owner.endpoint("e"), 1, "v", "i-" + instances.size()),
            ExecutionMode.SERIAL,
            List.of(new InstanceRoute.Container("primary", target)));
    instances.add(route);
    return route;
  }

  private void endpoint(String name, VariantRoute... variants) {
    routes.put(name, new EndpointRoute(name, List.of(variants)));
  }

  private VariantRoute variant(String name, float weight, Target target) {
    return new VariantRoute(name, weight, Strategy.RANDOM, List.of(instance(target)));
  }

  private void endpoint(String name, InProcessModel model) {
    endpoint(name, variant("blue", 1, new Target.InProcess(model)));
  }

  private RawClient client() throws IOException {
    return new RawClient(server.port());
  }

  private static String request(String endpoint, String headers, String body) {
    return "POST /endpoints/%s/invocations HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n%s"
        .formatted(endpoint, body.length(), headers, body);
  }

  private RawClient.Answer invoke(String endpoint, String headers, String body) throws IOException {
    try (RawClient client = client()) {
      return client.send(request(endpoint, headers, body)).read();
    }
  }

  @Test
  void a_model_gets_the_apis_headers_and_its_answer_comes_back_as_200() throws Exception {
    endpoint("churn", new Talker(true));
    RawClient.Answer answer =
        invoke(
            "churn",
            "Content-Type: text/csv\r\nAccept: */*\r\nX-Amzn-SageMaker-Custom-Attributes: a=b\r\n",
            "1,2");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("text/csv|*/*|a=b|1,2");
    assertThat(answer.headers())
        .containsEntry("content-type", "text/csv")
        .containsEntry("x-amzn-invoked-production-variant", "blue")
        .containsKeys("x-amzn-requestid", "date")
        .doesNotContainKey("x-amzn-sagemaker-custom-attributes");
  }

  @Test
  void a_model_that_takes_long_answers_from_a_worker() throws Exception {
    endpoint("churn", new Talker(false));
    assertThat(invoke("churn", "", "1,2").body()).isEqualTo("null|null|null|1,2");
  }

  @Test
  void a_body_in_many_pieces_arrives_whole() throws Exception {
    endpoint("churn", new Talker(false));
    assertThat(invoke("churn", "", "x".repeat(90_000)).body()).endsWith("|90000 bytes");
  }

  @Test
  void a_percent_encoded_name_is_decoded() throws Exception {
    endpoint("churn", new Talker(true));
    assertThat(invoke("%63hurn", "", "1").status()).isEqualTo(200);
  }

  @Test
  void an_unknown_endpoint_is_not_found_in_the_account() throws Exception {
    RawClient.Answer answer = invoke("nobody", "", "");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ValidationError");
    assertThat(answer.body())
        .isEqualTo(
            "{\"ErrorCode\":\"NO_SUCH_ENDPOINT\",\"Message\":\"Endpoint nobody of account"
                + " 000000000000 not found.\"}");
  }

  @Test
  void a_models_4xx_is_a_client_error_from_primary() throws Exception {
    endpoint("churn", new Fixed(true, ModelResponse.text(415, "row 1: \"x\"\nis no number")));
    RawClient.Answer answer = invoke("churn", "", "x");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ModelError");
    assertThat(answer.body())
        .isEqualTo(
            """
            {"ErrorCode":"CLIENT_ERROR_FROM_MODEL",\
            "LogStreamArn":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/churn",\
            "Message":"Received client error (415) from primary with message \\"row 1: \\"x\\"\\nis no number\\". \
            See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1\
            #logEventViewer:group=/aws/sagemaker/Endpoints/churn in account 000000000000 for more information.",\
            "OriginalMessage":"row 1: \\"x\\"\\nis no number","OriginalStatusCode":415}\
            """
                .replace("\"row 1: \"x", "\"row 1: \\\"x")
                .replace("x\"\\nis", "x\\\"\\nis"));
  }

  @Test
  void a_model_that_throws_is_a_server_error() throws Exception {
    endpoint("churn", new Fixed(true, null));
    RawClient.Answer answer = invoke("churn", "", "x");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains(
            "INTERNAL_FAILURE_FROM_MODEL", "server error (500)", "\"OriginalStatusCode\":500");
  }

  @Test
  void long_messages_of_models_are_cut_at_2048() throws Exception {
    endpoint("churn", new Fixed(true, ModelResponse.text(500, "m".repeat(5000))));
    assertThat(invoke("churn", "", "x").body())
        .contains("\"OriginalMessage\":\"" + "m".repeat(2048) + "\"");
  }

  @Test
  void target_variant_goes_to_a_variant_of_weight_0() throws Exception {
    endpoint(
        "churn",
        variant("blue", 1, new Target.InProcess(new Talker(true))),
        variant("green", 0, new Target.InProcess(new Talker(true))));
    assertThat(invoke("churn", "X-Amzn-SageMaker-Target-Variant: green\r\n", "").headers())
        .containsEntry("x-amzn-invoked-production-variant", "green");
    assertThat(invoke("churn", "", "").headers())
        .containsEntry("x-amzn-invoked-production-variant", "blue");
    assertThat(invoke("churn", "X-Amzn-SageMaker-Target-Variant: red\r\n", "").body())
        .contains("Variant red not found for Request ");
  }

  @Test
  void a_variant_without_instances_is_unavailable() throws Exception {
    endpoint("churn", new VariantRoute("blue", 1, Strategy.RANDOM, List.of()));
    RawClient.Answer answer = invoke("churn", "", "");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.body()).contains("Variant blue of endpoint churn has no instance in service");
  }

  @Test
  void headers_that_the_endpoint_can_not_serve_are_refused_by_name() throws Exception {
    endpoint("churn", new Talker(true));
    assertThat(invoke("churn", "X-Amzn-SageMaker-Target-Model: m.tar.gz\r\n", "").body())
        .contains("TARGET_MODEL_HEADER_NOT_SUPPORTED", "is not a multi-model endpoint");
    assertThat(invoke("churn", "X-Amzn-SageMaker-Inference-Component: c\r\n", "").body())
        .contains("you dont plan to deploy inference components");
    assertThat(invoke("churn", "X-Amzn-SageMaker-Target-Container-Hostname: c\r\n", "").body())
        .contains("does not use direct invocation");
    assertThat(invoke("churn", "X-Amzn-SageMaker-Session-Id: NEW_SESSION\r\n", "").status())
        .isEqualTo(501);
  }

  @Test
  void violated_constraints_are_all_listed() throws Exception {
    RawClient.Answer answer =
        invoke("a_b", "X-Amzn-SageMaker-Target-Variant: " + "v".repeat(64) + "\r\n", "");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body())
        .contains(
            "2 validation errors detected: Value 'a_b' at 'endpointName' failed to satisfy"
                + " constraint: Member must satisfy regular expression pattern: ",
            "'targetVariant' failed to satisfy constraint: Member must have length less than or"
                + " equal to 63");
  }

  @Test
  void asynchronous_invocations_and_other_methods_are_refused() throws Exception {
    endpoint("churn", new Talker(true));
    try (RawClient client = client()) {
      client.send("POST /endpoints/churn/async-invocations HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.read().body()).contains("does not support this inference type");
      client.send("GET /endpoints/churn/invocations HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(400);
    }
  }

  @Test
  void a_payload_over_the_limit_is_a_validation_error_announced_or_not() throws Exception {
    endpoint("churn", new Talker(true));
    String tooMuch = "x".repeat(100_001);
    assertThat(invoke("churn", "", tooMuch).body()).contains("payload limit of 100000 bytes");
    try (RawClient client = client()) {
      client.send("POST /endpoints/churn/invocations HTTP/1.1\r\nHost: h\r\n");
      client.send("Transfer-Encoding: chunked\r\n\r\n186a1\r\n" + tooMuch + "\r\n0\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(400);
    }
  }

  @Test
  void a_model_that_takes_too_long_is_a_model_error_with_status_0() throws Exception {
    serve(new GatewayConfig(1000, Duration.ofMillis(200), 1, 1, 1_000_000));
    endpoint("slow", new Slow());
    RawClient.Answer answer = invoke("slow", "", "x");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains(
            "Received server error (0) from primary with message",
            "timed out while waiting for a response from container primary",
            "\"OriginalStatusCode\":0");
    assertThat(instances.getFirst().inFlight()).as("until the model returns").isEqualTo(1);
  }

  @Test
  void more_than_workers_and_queue_can_take_is_503() throws Exception {
    endpoint("slow", new Slow());
    try (RawClient first = client();
        RawClient second = client()) {
      first.send(request("slow", "", "x"));
      entered.await();
      second.send(request("slow", "", "x"));
      await().until(() -> instances.getFirst().inFlight() == 2);
      RawClient.Answer answer = invoke("slow", "", "x");
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.body()).contains("workers are busy");
      gate.countDown();
      assertThat(first.read().body()).isEqualTo("late");
      assertThat(second.read().body()).isEqualTo("late");
    }
  }

  @Test
  void a_client_that_leaves_in_its_body_frees_the_instance() throws Exception {
    endpoint("churn", new Talker(true));
    try (RawClient client = client()) {
      client.send("POST /endpoints/churn/invocations HTTP/1.1\r\nHost: h\r\n");
      client.send("Content-Length: 10\r\n\r\nabc");
      await().until(() -> instances.getFirst().inFlight() == 1);
      client.reset();
    }
    await().until(() -> instances.getFirst().inFlight() == 0);
  }

  @Test
  void a_container_gets_only_the_apis_headers_and_gives_only_its_own() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawClient client = client()) {
      endpoint(
          "boxed",
          variant(
              "blue", 1, new Target.Http((InetSocketAddress) listening.getLocalSocketAddress())));
      client.send(
          request(
              "boxed", "Authorization: secret\r\nContent-Type: text/csv\r\nX-Other: 1\r\n", "1,2"));
      try (Socket container = listening.accept()) {
        var in = container.getInputStream();
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) in.read());
        }
        assertThat(head.toString())
            .startsWith("POST /invocations HTTP/1.1\r\n")
            .contains("text/csv")
            .doesNotContain("secret", "X-Other");
        assertThat(new String(in.readNBytes(3), StandardCharsets.US_ASCII)).isEqualTo("1,2");
        container
            .getOutputStream()
            .write(
                "HTTP/1.1 201 Created\r\nX-Own: 1\r\nContent-Type: text/csv\r\nContent-Length: 3\r\n\r\n0.5"
                    .getBytes(StandardCharsets.US_ASCII));
        RawClient.Answer answer = client.read();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("0.5");
        assertThat(answer.headers())
            .containsEntry("content-type", "text/csv")
            .containsEntry("x-amzn-invoked-production-variant", "blue")
            .doesNotContainKey("x-own");

        client.send(request("boxed", "", "1"));
        for (head.setLength(0); head.indexOf("\r\n\r\n") < 0; ) {
          head.append((char) in.read());
        }
        container
            .getOutputStream()
            .write(
                "HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\nboom"
                    .getBytes(StandardCharsets.US_ASCII));
        RawClient.Answer error = client.read();
        assertThat(error.status()).isEqualTo(424);
        assertThat(error.body())
            .contains("Received server error (500) from primary with message \\\"boom\\\".");
      }
    }
  }

  @Test
  void a_container_that_is_not_there_is_a_model_error_without_a_status() throws Exception {
    var nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    var address = (InetSocketAddress) nobody.getLocalSocketAddress();
    nobody.close();
    endpoint("boxed", variant("blue", 1, new Target.Http(address)));
    RawClient.Answer answer = invoke("boxed", "", "1");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body()).contains("could not connect", "\"OriginalStatusCode\":0");
  }

  @Test
  void a_neighbour_answers_for_a_container_that_is_gone() throws Exception {
    var nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    var gone = (InetSocketAddress) nobody.getLocalSocketAddress();
    nobody.close();
    HttpServer living =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    living.createContext(
        "/invocations",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    living.start();
    try {
      endpoint(
          "boxed",
          new VariantRoute(
              "blue",
              1,
              Strategy.RANDOM,
              List.of(
                  instance(new Target.Http(gone)),
                  instance(new Target.Http(living.getAddress())))));
      for (int i = 0; i < 20; i++) {
        RawClient.Answer answer = invoke("boxed", "", "payload-" + i);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("payload-" + i);
      }
    } finally {
      living.stop(0);
    }
  }
}
