package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.berth.edge.RawClient;
import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.artifact.ModelSource;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.hosting.artifact.StagedArtifact;
import dev.berth.hosting.load.ContainerLoad;
import dev.berth.hosting.multimodel.LoadedModel;
import dev.berth.hosting.multimodel.ModelCache;
import dev.berth.hosting.multimodel.ModelCacheConfig;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.runtime.InProcessModel;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.ModelHost;
import dev.berth.hosting.runtime.ModelRequest;
import dev.berth.hosting.runtime.ModelResponse;
import dev.berth.hosting.runtime.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MultiModelTest {
  private static final int MAX_PAYLOAD = 100_000;

  private final Host host = new Host();
  private final ModelCache models = cache(host);
  private GatewayFixture gateway = gateway(Duration.ofSeconds(60));

  private static ModelCache cache(ModelHost host) {
    return new ModelCache(
        ModelCacheConfig.of(new ModelPrefix(S3Uri.parse("s3://b/all")), true, 2),
        new Archives(),
        host,
        "test");
  }

  private GatewayFixture gateway(Duration timeout) {
    var made = new GatewayFixture(new GatewayConfig(MAX_PAYLOAD, timeout, 1, 1, 1_000_000));
    made.endpoint("many", instance(made, host, models));
    return made;
  }

  private static InstanceRoute instance(GatewayFixture gateway, ModelHost host, ModelCache cache) {
    return gateway.instance(
        ExecutionMode.SERIAL,
        new InstanceRoute.Container("primary", new Target.MultiModel(host), cache));
  }

  @AfterEach
  void close() {
    host.gate.countDown();
    gateway.close();
    models.close();
  }

  /** Loads models that say their name and what they were sent; slow ones wait at the gate. */
  private static final class Host implements ModelHost {
    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch entered = new CountDownLatch(1);
    private final List<String> loads = new CopyOnWriteArrayList<>();

    @Override
    public long memoryBytes() {
      return Long.MAX_VALUE;
    }

    @Override
    public Loaded load(String id, Path directory, long expectedBytes, Duration timeout)
        throws LoadException, InterruptedException {
      loads.add(id);
      if (id.contains("slow")) {
        entered.countDown();
        gate.await();
      }
      if (id.contains("bad")) {
        throw new LoadException(new Refusal.Rejected(418, "not a model"));
      }
      return new Loaded(new Target.InProcess(new Echo(id)), 0);
    }

    @Override
    public void unload(String id) {}

    @Override
    public boolean has(String id) {
      return true;
    }

    @Override
    public Set<String> loaded() {
      return Set.of();
    }
  }

  private record Echo(String id) implements InProcessModel {
    @Override
    public boolean isQuick(int bodyBytes) {
      return true;
    }

    @Override
    public ModelResponse invoke(ModelRequest request) {
      String body = StandardCharsets.UTF_8.decode(request.body()).toString();
      return ModelResponse.text(200, id + " got " + (body.length() > 9 ? body.length() : body));
    }
  }

  private static final class Archives implements ArtifactStore {
    @Override
    public StagedArtifact stage(ModelSource source, Duration timeout, Progress progress)
        throws StagingException {
      String key = source.uri().key();
      if (key.contains("missing")) {
        throw new StagingException(Kind.DOWNLOAD, "no such object");
      }
      return new StagedArtifact() {
        @Override
        public String id() {
          return key;
        }

        @Override
        public Path directory() {
          return Path.of("/", key);
        }

        @Override
        public long bytes() {
          return 0;
        }

        @Override
        public void close() {}

        @Override
        public void discard() {}
      };
    }
  }

  private static String target(String model) {
    return "X-Amzn-SageMaker-Target-Model: " + model + "\r\n";
  }

  private RawClient.Answer ask(String model, String body) throws IOException {
    return gateway.invoke("many", target(model), body);
  }

  @Test
  void a_model_that_is_not_in_memory_is_loaded_and_answers() throws IOException {
    RawClient.Answer first = ask("a.tar.gz", "hello");
    assertThat(first.status()).isEqualTo(200);
    assertThat(first.body()).isEqualTo("all/a.tar.gz got hello");
    assertThat(ask("a.tar.gz", "again").body()).isEqualTo("all/a.tar.gz got again");
    assertThat(ask("/a.tar.gz", "").body()).isEqualTo("all/a.tar.gz got ");
    assertThat(host.loads).containsExactly("all/a.tar.gz");
  }

  @Test
  void a_body_that_comes_while_its_model_is_loaded_arrives_whole() throws Exception {
    String body = "x".repeat(MAX_PAYLOAD);
    String request = GatewayFixture.request("many", target("slow"), body);
    try (RawClient client = gateway.client()) {
      client.send(request.substring(0, request.length() - 50_000));
      host.entered.await();
      Thread sending =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.send(request.substring(request.length() - 50_000));
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      host.gate.countDown();
      assertThat(client.read().body()).isEqualTo("all/slow got " + MAX_PAYLOAD);
      sending.join();
    }
  }

  @Test
  void who_waits_too_long_is_told_to_come_again_and_the_load_goes_on() throws IOException {
    gateway.close();
    gateway = gateway(Duration.ofMillis(50));
    RawClient.Answer late = ask("slow", "x");
    assertThat(late.status()).isEqualTo(429);
    assertThat(late.headers()).containsEntry("x-amzn-errortype", "ModelNotReadyException");
    assertThat(late.body()).contains("is not ready for inference yet");
    host.gate.countDown();
    await().until(() -> models.inFlight("slow") == 0);
    assertThat(ask("slow", "x").status()).isEqualTo(200);
    assertThat(host.loads).containsExactly("all/slow");
  }

  @Test
  void a_client_that_goes_away_gives_its_hold_back() throws Exception {
    try (RawClient client = gateway.client()) {
      client.send(GatewayFixture.request("many", target("slow"), "x"));
      host.entered.await();
      client.reset();
    }
    host.gate.countDown();
    await().untilAsserted(() -> assertThat(models.inFlight("slow")).isZero());
  }

  @Test
  void what_the_container_rejects_is_a_model_error_with_its_answer() throws IOException {
    RawClient.Answer answer = ask("bad", "x");
    assertThat(answer.status()).isEqualTo(424);
    assertThat(answer.body())
        .contains("\"OriginalStatusCode\":418")
        .contains("\"OriginalMessage\":\"not a model\"");
  }

  @Test
  void what_s3_does_not_have_is_a_validation_error() throws IOException {
    RawClient.Answer answer = ask("missing.tar.gz", "x");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ValidationError");
    assertThat(answer.body())
        .contains(
            "Failed to download model data (bucket: b, key: all/missing.tar.gz). Please ensure"
                + " that there is an object located at the URL");
  }

  @Test
  void a_target_model_is_needed_here_and_refused_elsewhere() throws IOException {
    RawClient.Answer without = gateway.invoke("many", "", "x");
    assertThat(without.status()).isEqualTo(400);
    assertThat(without.body())
        .contains("\"ErrorCode\":\"TARGET_MODEL_HEADER_MISSING\"")
        .contains("is missing a target model header");
    gateway.endpoint(
        "one",
        gateway.instance(
            ExecutionMode.SERIAL,
            new InstanceRoute.Container("primary", new Target.InProcess(new Echo("m")))));
    RawClient.Answer with = gateway.invoke("one", target("a"), "x");
    assertThat(with.status()).isEqualTo(400);
    assertThat(with.body())
        .contains(
            "Endpoint one is not a multi-model endpoint and does not support target model header.");
  }

  @Test
  void a_payload_that_is_too_large_is_refused_while_its_model_is_loaded() throws IOException {
    try (RawClient client = gateway.client()) {
      client.send(
          "POST /endpoints/many/invocations HTTP/1.1\r\nHost: h\r\n"
              + target("slow")
              + "Transfer-Encoding: chunked\r\n\r\n");
      String piece = "x".repeat(60_000);
      client.send(Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n");
      host.gate.countDown();
      client.send(Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n0\r\n\r\n");
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("PAYLOAD_TOO_LARGE");
    }
  }

  @Test
  void models_stay_on_their_instance_and_move_to_a_new_one_without_waiting() throws IOException {
    var hosts = List.of(new Host(), new Host(), new Host());
    var caches = hosts.stream().map(MultiModelTest::cache).toList();
    var instances =
        List.of(
            instance(gateway, hosts.get(0), caches.get(0)),
            instance(gateway, hosts.get(1), caches.get(1)),
            instance(gateway, hosts.get(2), caches.get(2)));
    gateway.endpoint("few", instances.get(0), instances.get(1));
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 30; i++) {
        gateway.invoke("few", target("m" + i), "x");
      }
    }
    assertThat(hosts.get(0).loads.size() + hosts.get(1).loads.size()).isEqualTo(30);
    assertThat(hosts.get(0).loads).hasSizeBetween(5, 25);

    gateway.endpoint("few", instances.get(0), instances.get(1), instances.get(2));
    // A busy instance is asked again, by the next request for the model.
    await()
        .untilAsserted(() -> {
          for (int i = 0; i < 30; i++) {
            gateway.invoke("few", target("m" + i), "x");
          }
          assertThat(hosts.get(2).loads).hasSizeBetween(3, 20);
        });

    assertThat(hosts.get(0).loads.size() + hosts.get(1).loads.size()).isEqualTo(30);
    assertThat(caches.get(0).view().misses() + caches.get(1).view().misses()).isEqualTo(30);
    assertThat(caches.get(2).view().misses()).isZero();
    caches.forEach(ModelCache::close);
  }

  /** A container that has only the models it was told to load, and forgets when it is asked to. */
  private static final class Forgetful implements ModelHost, AutoCloseable {
    private final Set<String> present = ConcurrentHashMap.newKeySet();
    private final HttpServer server;

    Forgetful() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
      server.createContext(
          "/models/",
          exchange -> {
            String body = StandIn.body(exchange);
            boolean isThere = present.contains(id(exchange.getRequestURI().getPath()));
            if (body.equals("forget")) {
              present.clear();
            }
            boolean isFound = isThere && !body.equals("no such row");
            StandIn.answer(exchange, isFound ? 200 : 404, "text/plain", "got " + body.length());
            exchange.close();
          });
      server.start();
    }

    private static String id(String path) {
      return path.substring("/models/".length(), path.length() - "/invoke".length());
    }

    @Override
    public long memoryBytes() {
      return Long.MAX_VALUE;
    }

    @Override
    public Loaded load(String id, Path directory, long expectedBytes, Duration timeout) {
      present.add(id);
      return new Loaded(new Target.Http(server.getAddress(), "/models/" + id + "/invoke"), 0);
    }

    @Override
    public void unload(String id) {
      present.remove(id);
    }

    @Override
    public boolean has(String id) {
      return present.contains(id);
    }

    @Override
    public Set<String> loaded() {
      return Set.copyOf(present);
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }

  @Test
  void a_model_that_its_container_has_lost_is_loaded_again_and_gets_the_request_once_more()
      throws IOException {
    try (var forgetful = new Forgetful();
        var cache = cache(forgetful)) {
      gateway.endpoint("few", instance(gateway, forgetful, cache));
      assertThat(gateway.invoke("few", target("a"), "forget").status()).isEqualTo(200);

      RawClient.Answer again = gateway.invoke("few", target("a"), "x".repeat(50_000));

      assertThat(again.status()).isEqualTo(200);
      assertThat(again.body()).isEqualTo("got 50000");
      assertThat(cache.view().loads()).isEqualTo(2);
    }
  }

  @Test
  void a_404_of_the_model_itself_is_its_answer() throws IOException {
    try (var forgetful = new Forgetful();
        var cache = cache(forgetful)) {
      gateway.endpoint("few", instance(gateway, forgetful, cache));

      RawClient.Answer answer = gateway.invoke("few", target("a"), "no such row");

      assertThat(answer.status()).isEqualTo(424);
      assertThat(answer.body()).contains("\"OriginalStatusCode\":404");
      assertThat(cache.view().loads()).isEqualTo(1);
      assertThat(cache.inFlight("a")).isZero();
    }
  }

  /**
   * A container that loads any number of models, and has memory to invoke one of so many; a body
   * {@code wait} waits at the gate.
   */
  private static final class Crowded implements ModelHost, AutoCloseable {
    private final Set<String> present = ConcurrentHashMap.newKeySet();
    private final List<String> unloads = new CopyOnWriteArrayList<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final int room;
    private HttpServer server = serve();

    Crowded(int room) throws IOException {
      this.room = room;
    }

    private HttpServer serve() throws IOException {
      HttpServer made =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
      made.setExecutor(command -> Thread.ofVirtual().start(command));
      made.createContext(
          "/models/",
          exchange -> {
            String body = StandIn.body(exchange);
            boolean isFull = present.size() > room || body.equals("huge");
            if (body.equals("wait")) {
              try {
                gate.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }
            StandIn.answer(
                exchange, isFull ? 507 : 200, "text/plain", isFull ? "no memory" : "well");
            exchange.close();
          });
      made.start();
      return made;
    }

    /** Ends with all models; another takes its place at another port. */
    void restart() throws IOException {
      server.stop(0);
      present.clear();
      server = serve();
    }

    @Override
    public long memoryBytes() {
      return Long.MAX_VALUE;
    }

    @Override
    public Loaded load(String id, Path directory, long fileBytes, Duration timeout) {
      present.add(id);
      return new Loaded(new Target.Http(server.getAddress(), "/models/" + id + "/invoke"), 0);
    }

    @Override
    public void unload(String id) {
      unloads.add(id);
      present.remove(id);
    }

    @Override
    public boolean has(String id) {
      return present.contains(id);
    }

    @Override
    public Set<String> loaded() {
      return Set.of();
    }

    @Override
    public void close() {
      gate.countDown();
      server.stop(0);
    }
  }

  @Test
  void the_least_recently_used_go_when_memory_lacks_for_an_invocation_which_is_sent_again()
      throws IOException {
    try (var crowded = new Crowded(2);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));
      for (String model : List.of("a", "b", "a")) {
        assertThat(gateway.invoke("few", target(model), "x").status()).isEqualTo(200);
      }

      RawClient.Answer answer = gateway.invoke("few", target("c"), "x".repeat(50_000));

      assertThat(answer.status()).isEqualTo(200);
      assertThat(crowded.unloads).containsExactly("all/b");
      assertThat(crowded.present).containsExactlyInAnyOrder("all/a", "all/c");
      assertThat(cache.inFlight("c")).isZero();
    }
  }

  @Test
  void lack_of_memory_that_no_eviction_ends_is_the_models_answer_and_spares_most_others()
      throws IOException {
    try (var crowded = new Crowded(100);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));
      for (int i = 0; i < 10; i++) {
        gateway.invoke("few", target("m" + i), "x");
      }

      RawClient.Answer answer = gateway.invoke("few", target("m9"), "huge");

      assertThat(answer.status()).isEqualTo(424);
      assertThat(answer.body())
          .contains("\"OriginalStatusCode\":507")
          .contains("\"OriginalMessage\":\"no memory\"");
      assertThat(crowded.unloads).containsExactly("all/m0", "all/m1", "all/m2", "all/m3");
      assertThat(cache.inFlight("m9")).isZero();
    }
  }

  @Test
  void a_model_alone_in_its_container_answers_507_at_once() throws IOException {
    try (var crowded = new Crowded(100);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));

      assertThat(gateway.invoke("few", target("a"), "huge").status()).isEqualTo(424);

      assertThat(crowded.unloads).isEmpty();
      assertThat(gateway.invoke("few", target("a"), "x").status()).isEqualTo(200);
    }
  }

  @Test
  void a_request_too_large_to_be_sent_again_makes_room_for_the_next() throws IOException {
    gateway.close();
    gateway =
        new GatewayFixture(new GatewayConfig(3_000_000, Duration.ofSeconds(60), 1, 1, 10_000_000));
    try (var crowded = new Crowded(1);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));
      gateway.invoke("few", target("a"), "x");
      String large = "x".repeat(2_000_000);

      assertThat(gateway.invoke("few", target("b"), large).status()).isEqualTo(424);

      await().until(() -> crowded.unloads.equals(List.of("all/a")));
      assertThat(gateway.invoke("few", target("b"), large).status()).isEqualTo(200);
    }
  }

  @Test
  void a_model_whose_server_is_gone_is_loaded_where_it_is_now() throws IOException {
    try (var crowded = new Crowded(1);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));
      assertThat(gateway.invoke("few", target("a"), "x").status()).isEqualTo(200);
      crowded.restart();

      assertThat(gateway.invoke("few", target("a"), "x").status()).isEqualTo(200);

      assertThat(cache.view().loads()).isEqualTo(2);
    }
  }

  @Test
  void a_request_that_no_dead_container_has_taken_goes_to_a_new_one_whenever_its_body_comes()
      throws Exception {
    try (var apart = new Apart();
        var cache = cache(apart);
        RawClient client = gateway.client()) {
      gateway.endpoint("few", instance(gateway, apart, cache));
      assertThat(gateway.invoke("few", target("a"), "x").body()).isEqualTo("got 1");
      apart.kill("all/a");
      String request = GatewayFixture.request("few", target("a"), "0123456789");

      client.send(request.substring(0, request.length() - 4));
      await().until(() -> cache.view().loads() == 2);
      client.send(request.substring(request.length() - 4));

      assertThat(client.read().body()).isEqualTo("got 10");
      assertThat(apart.read).containsExactly("x", "0123456789");
      assertThat(cache.view().loads()).isEqualTo(2);
      assertThat(cache.inFlight("a")).isZero();
    }
  }

  @Test
  void what_has_killed_its_container_kills_no_other_and_the_next_does_not_see_the_dead_one()
      throws Exception {
    try (var apart = new Apart();
        var cache = cache(apart)) {
      gateway.endpoint("few", instance(gateway, apart, cache));
      try (RawClient client = gateway.client()) {
        for (int round = 0; round < 20; round++) {
          // Over a connection to the container that has served before.
          client.send(GatewayFixture.request("few", target("a"), "x"));
          assertThat(client.read().status()).isEqualTo(200);
          client.send(GatewayFixture.request("few", target("a"), "die " + round));
          RawClient.Answer failed = client.read();
          assertThat(failed.status()).isEqualTo(424);
          assertThat(failed.body()).contains("closed the connection without an answer");
        }
      }

      assertThat(apart.read.stream().filter(body -> body.startsWith("die")))
          .doesNotHaveDuplicates()
          .hasSize(20);
      assertThat(cache.view().loads()).isEqualTo(20);
    }
  }

  @Test
  void nobody_gets_a_model_whose_container_has_broken_off_until_somebody_has_looked()
      throws Exception {
    try (var apart = new Apart();
        var cache = cache(apart);
        RawClient waiting = gateway.client()) {
      gateway.endpoint("few", instance(gateway, apart, cache));
      gateway.invoke("few", target("a"), "x");
      apart.looking = new CountDownLatch(1);

      assertThat(gateway.invoke("few", target("a"), "die").status()).isEqualTo(424);
      waiting.send(GatewayFixture.request("few", target("a"), "after"));
      await().until(() -> cache.view().misses() == 2);
      assertThat(apart.read).containsExactly("x", "die");
      apart.looking.countDown();

      assertThat(waiting.read().body()).isEqualTo("got 5");
      assertThat(apart.looks).containsExactly("all/a");
      assertThat(cache.view().loads()).isEqualTo(2);
    }
  }

  @Test
  void a_container_with_as_many_requests_as_it_may_have_gets_no_more_of_any_model()
      throws Exception {
    gateway.close();
    gateway =
        new GatewayFixture(
            new GatewayConfig(MAX_PAYLOAD, Duration.ofSeconds(60), 1, 1, 1_000_000)
                .withMaxInFlight(1));
    try (var crowded = new Crowded(100);
        var cache = cache(crowded);
        RawClient early = gateway.client()) {
      InstanceRoute instance = instance(gateway, crowded, cache);
      gateway.endpoint("few", instance);
      gateway.invoke("few", target("b"), "x");
      early.send(GatewayFixture.request("few", target("a"), "wait"));
      await().until(() -> instance.meter(0).load().inFlight() == 1);

      for (String model : List.of("b", "cold")) {
        RawClient.Answer answer = gateway.invoke("few", target(model), "x");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.headers()).containsEntry("x-amzn-errortype", "ServiceUnavailable");
        assertThat(answer.body()).contains("has 1 requests, which is the most that it may have");
      }
      crowded.gate.countDown();
      assertThat(early.read().body()).isEqualTo("well");
      assertThat(gateway.invoke("few", target("b"), "x").status()).isEqualTo(200);
      assertThat(instance.inFlight()).isZero();
    }
  }

  @Test
  void a_model_that_is_too_busy_to_answer_in_time_does_not_keep_requests_from_others()
      throws IOException {
    try (var crowded = new Crowded(100);
        var cache = cache(crowded)) {
      gateway.endpoint("few", instance(gateway, crowded, cache));
      gateway.invoke("few", target("busy"), "x");
      gateway.invoke("few", target("idle"), "x");
      LoadedModel busy = Objects.requireNonNull(cache.find("busy"));
      load(busy.load());

      RawClient.Answer shed = gateway.invoke("few", target("busy"), "x");

      assertThat(shed.status()).isEqualTo(503);
      assertThat(shed.body()).contains("would answer one more only after about");
      assertThat(gateway.invoke("few", target("idle"), "x").status()).isEqualTo(200);
      busy.release();
    }
  }

  private InstanceRoute pipeline(ModelHost host, ModelCache cache, StandIn... around) {
    return gateway.instance(
        ExecutionMode.SERIAL,
        around[0].container(),
        new InstanceRoute.Container("many", new Target.MultiModel(host), cache),
        around[1].container());
  }

  @Test
  void a_container_of_a_pipeline_may_have_many_models() throws IOException {
    try (var first = StandIn.wrapping("first");
        var last = StandIn.wrapping("last");
        var forgetful = new Forgetful();
        var cache = cache(forgetful)) {
      gateway.endpoint("line", pipeline(forgetful, cache, first, last));
      gateway.endpoint("embedded", pipeline(host, models, first, last));

      for (String body : List.of("cold", "warm")) {
        assertThat(gateway.invoke("line", target("a"), body).body()).isEqualTo("last(got 11)");
        assertThat(gateway.invoke("embedded", target("a"), body).body())
            .isEqualTo("last(all/a got 11)");
      }

      assertThat(cache.view().loads()).isEqualTo(1);
      assertThat(cache.inFlight("a")).isZero();
      assertThat(models.inFlight("a")).isZero();
      assertThat(gateway.invoke("line", "", "x").body()).contains("TARGET_MODEL_HEADER_MISSING");
    }
  }

  @Test
  void a_pipeline_goes_on_with_a_model_that_its_container_has_lost_or_died_with() throws Exception {
    try (var first = StandIn.wrapping("first");
        var last = StandIn.wrapping("last");
        var forgetful = new Forgetful();
        var lossy = cache(forgetful);
        var apart = new Apart();
        var mortal = cache(apart)) {
      gateway.endpoint("lossy", pipeline(forgetful, lossy, first, last));
      gateway.endpoint("mortal", pipeline(apart, mortal, first, last));
      for (String endpoint : List.of("lossy", "mortal")) {
        assertThat(gateway.invoke(endpoint, target("a"), "x").body()).isEqualTo("last(got 8)");
      }
      forgetful.present.clear();
      apart.kill("all/a");
      int before = first.seen().size();

      for (String endpoint : List.of("lossy", "mortal")) {
        assertThat(gateway.invoke(endpoint, target("a"), "again").body()).isEqualTo("last(got 12)");
      }

      assertThat(first.seen()).hasSize(before + 2);
      assertThat(lossy.view().loads()).isEqualTo(2);
      assertThat(mortal.view().loads()).isEqualTo(2);
      assertThat(lossy.inFlight("a")).isZero();
      assertThat(mortal.inFlight("a")).isZero();
    }
  }

  @Test
  void a_pipelines_container_without_memory_for_an_invocation_loses_others_and_gets_it_again()
      throws IOException {
    try (var first = StandIn.wrapping("first");
        var last = StandIn.wrapping("last");
        var crowded = new Crowded(1);
        var cache = cache(crowded)) {
      gateway.endpoint("line", pipeline(crowded, cache, first, last));
      gateway.invoke("line", target("a"), "x");

      RawClient.Answer answer = gateway.invoke("line", target("b"), "x");

      assertThat(answer.body()).isEqualTo("last(well)");
      assertThat(crowded.unloads).containsExactly("all/a");
      assertThat(first.seen()).hasSize(2);
    }
  }

  @Test
  void a_pipeline_tells_why_what_is_too_large_is_not_sent_to_a_container_again()
      throws IOException {
    gateway.close();
    gateway =
        new GatewayFixture(new GatewayConfig(3_000_000, Duration.ofSeconds(60), 1, 1, 10_000_000));
    try (var first = StandIn.wrapping("first");
        var last = StandIn.wrapping("last");
        var forgetful = new Forgetful();
        var cache = cache(forgetful)) {
      gateway.endpoint("line", pipeline(forgetful, cache, first, last));
      gateway.invoke("line", target("a"), "x");
      forgetful.present.clear();
      String large = "x".repeat(2_000_000);

      RawClient.Answer answer = gateway.invoke("line", target("a"), large);

      assertThat(answer.status()).isEqualTo(424);
      assertThat(answer.body())
          .contains("\"OriginalStatusCode\":404")
          .contains("only if its body for this container is no longer than 1,048,576 bytes");
      await().until(() -> cache.inFlight("a") < 0);
      assertThat(gateway.invoke("line", target("a"), large).status()).isEqualTo(200);
    }
  }

  @Test
  void a_body_that_comes_while_a_pipelines_model_is_loaded_arrives_whole() throws Exception {
    try (var last = StandIn.wrapping("last")) {
      gateway.endpoint(
          "line",
          gateway.instance(
              ExecutionMode.SERIAL,
              new InstanceRoute.Container("many", new Target.MultiModel(host), models),
              last.container()));
      String request = GatewayFixture.request("line", target("slow"), "x".repeat(MAX_PAYLOAD));
      try (RawClient client = gateway.client()) {
        client.send(request.substring(0, request.length() - 50_000));
        host.entered.await();
        host.gate.countDown();
        client.send(request.substring(request.length() - 50_000));
        assertThat(client.read().body()).isEqualTo("last(all/slow got " + MAX_PAYLOAD + ")");
      }
    }
  }

  @Test
  void a_pipeline_whose_model_is_not_loaded_tells_why_and_gives_everything_back() throws Exception {
    gateway.close();
    gateway = gateway(Duration.ofMillis(200));
    try (var first = StandIn.wrapping("first");
        var last = StandIn.wrapping("last")) {
      InstanceRoute line = pipeline(host, models, first, last);
      gateway.endpoint("line", line);

      RawClient.Answer bad = gateway.invoke("line", target("bad"), "x");
      assertThat(bad.status()).isEqualTo(424);
      assertThat(bad.body())
          .contains("from many with message")
          .contains("\"OriginalStatusCode\":418");
      assertThat(gateway.invoke("line", target("missing"), "x").status()).isEqualTo(400);
      assertThat(gateway.invoke("line", target("slow"), "x").status()).isEqualTo(429);

      host.gate.countDown();
      await().until(() -> models.inFlight("slow") == 0);
      assertThat(line.inFlight()).isZero();
      assertThat(line.meter(1).load().inFlight()).isZero();
    }
  }

  /** Ten at a time, each of which takes a hundred seconds: ten seconds for one, at best. */
  private static void load(ContainerLoad load) {
    long second = 1_000_000_000L;
    long now = 1;
    for (int i = 0; i < 10; i++) {
      load.begin(now);
    }
    for (int i = 0; i < 10; i++) {
      now += 10 * second;
      load.end(now);
      load.begin(now);
    }
  }
}
