package dev.berth.server;

import dev.berth.api.json.JsonService;
import dev.berth.api.service.CallContext;
import dev.berth.api.service.HttpCall;
import dev.berth.api.service.HttpService;
import dev.berth.api.service.SignedScope;
import dev.berth.edge.Destination;
import dev.berth.edge.EdgeConfig;
import dev.berth.edge.EdgeServer;
import dev.berth.edge.ErrorForm;
import dev.berth.edge.Services;
import dev.berth.edge.backend.BackendLimits;
import dev.berth.gateway.Gateway;
import dev.berth.gateway.GatewayConfig;
import dev.berth.hosting.artifact.ArtifactCache;
import dev.berth.hosting.artifact.ArtifactCacheConfig;
import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.config.EndpointConfigOperations;
import dev.berth.hosting.endpoint.EndpointOperations;
import dev.berth.hosting.endpoint.EndpointReconciler;
import dev.berth.hosting.model.ModelOperations;
import dev.berth.hosting.resource.Arns;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.tag.TagOperations;
import dev.berth.identity.CredentialIssuer;
import dev.berth.identity.StsService;
import dev.berth.objectstore.EmbeddedObjectStore;
import dev.berth.objectstore.ExternalObjectSource;
import dev.berth.objectstore.ExternalS3Config;
import dev.berth.registry.ModelRegistry;
import dev.berth.store.DataDirectory;
import dev.berth.store.PostgresStore;
import dev.berth.store.SqliteStore;
import dev.berth.store.Store;
import dev.berth.transform.job.TransformJobOperations;
import dev.berth.transform.job.TransformJobs;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running Berth. {@link #start} makes the parts in the order they need one another; {@link
 * #close} undoes it backwards, and so does a start that fails half-way.
 */
public final class Server implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Server.class);

  /** Far above the largest valid control-plane request, which is a CreateModel of 15 containers. */
  private static final int MAX_API_BODY_BYTES = 4 * 1024 * 1024;

  /** Loopback, but a PUT answers only when its bytes are on disk, and a copy when all are. */
  private static final BackendLimits S3_LIMITS =
      new BackendLimits(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofMinutes(1));

  private static final Duration EXTERNAL_S3_TIMEOUT = Duration.ofSeconds(30);

  private final Deque<AutoCloseable> parts;
  private final URI endpoint;

  private Server(Deque<AutoCloseable> parts, URI endpoint) {
    this.parts = parts;
    this.endpoint = endpoint;
  }

  /**
   * Starts a server; when this returns it answers requests.
   *
   * @throws RuntimeException whose message says what is in the way and what to do: the port is
   *     taken, the data folder is in use or damaged, another server uses the database
   */
  public static Server start(ServerConfig config) {
    var parts = new ArrayDeque<AutoCloseable>();
    try {
      return new Server(parts, assemble(config, parts));
    } catch (RuntimeException e) {
      closeAll(parts);
      throw e;
    }
  }

  /** Base URL that clients use, such as {@code http://127.0.0.1:23784}. */
  public URI endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    closeAll(parts);
  }

  private static URI assemble(ServerConfig config, Deque<AutoCloseable> parts) {
    InstantSource clock = InstantSource.system();
    Path data = opened(parts, DataDirectory.open(config.dataDirectory())).path();
    var arns = new Arns(config.account(), config.region());
    Store store = opened(parts, store(config, data));

    ObjectSource objects;
    ObjectSink sink;
    Destination s3;
    Path transforms = data.resolve("transform");
    if (config.externalS3().isPresent()) {
      ServerConfig.S3 external = config.externalS3().get();
      var elsewhere = opened(parts, new ExternalObjectSource(external(external)));
      objects = elsewhere;
      sink = elsewhere.sink(transforms);
      s3 = new Destination.Whole(new ElsewhereS3(external.endpoint()), 0, ErrorForm.S3);
    } else {
      EmbeddedObjectStore embedded = opened(parts, EmbeddedObjectStore.start(data.resolve("s3")));
      objects = embedded.objects();
      sink = embedded.sink();
      s3 = new Destination.Proxy(embedded::address, S3_LIMITS, ErrorForm.S3);
    }

    ArtifactCacheConfig defaults = ArtifactCacheConfig.of(data.resolve("artifacts"));
    ArtifactCache artifacts =
        opened(
            parts,
            new ArtifactCache(
                new ArtifactCacheConfig(
                    defaults.directory(),
                    config.artifactCacheBytes(),
                    defaults.minFreeBytes(),
                    defaults.maxEntries()),
                objects,
                clock));
    CredentialIssuer issuer =
        CredentialIssuer.open(
            data.resolve("credentials.key"), config.containers().roleCredentials(), clock);
    ContainerEdge containers =
        opened(parts, new ContainerEdge(data.resolve("containers.port"), issuer));
    ContainerRuntime runtime =
        opened(parts, Runtimes.of(config, data, System.getenv(), containers, clock));
    EndpointReconciler reconciler =
        opened(parts, new EndpointReconciler(store, runtime, artifacts, clock));
    TransformJobs jobs =
        opened(
            parts,
            new TransformJobs(
                store, runtime, artifacts, objects, sink, transforms, config.region(), clock));

    ModelRegistry registry = ModelRegistry.of(store, arns, clock);
    var handlers =
        SageMakerHandlers.of(
            new ModelOperations(store, objects, registry.deployable(), arns, clock),
            new EndpointConfigOperations(store, arns, clock),
            new EndpointOperations(store, reconciler, arns, clock),
            new TransformJobOperations(store, jobs, arns, clock, sink.encrypts()),
            new TagOperations(store, arns),
            registry);
    Function<HttpCall, CallContext> contexts = new SignedScope(config.account(), config.region());
    Gateway gateway =
        opened(
            parts,
            new Gateway(
                reconciler.routes(),
                GatewayConfig.defaults()
                    .withMaxPayload(config.maxPayloadBytes())
                    .withMaxInFlight(config.containerMaxConcurrency())
                    .with(config.pipelineAccept()),
                config.account(),
                config.region()));
    var services =
        new Services(
            config.region(),
            whole(
                new InternalService(health(config, runtime), reconciler::view, jobs::view),
                ErrorForm.PLAIN),
            whole(new JsonService(handlers, contexts), ErrorForm.JSON),
            new Destination.Streaming(gateway, ErrorForm.RUNTIME),
            whole(new StsService(contexts, issuer), ErrorForm.QUERY),
            s3);
    containers.lead(services, instance -> isThere(runtime, instance));
    reconciler.start();
    jobs.start();
    EdgeServer edge =
        opened(parts, EdgeServer.start(EdgeConfig.of(config.host(), config.port()), services));
    return URI.create("http://%s:%d".formatted(urlHost(config.host()), edge.port()));
  }

  private static boolean isThere(ContainerRuntime runtime, String instance) {
    return runtime.instances().stream()
        .anyMatch(observed -> observed.id().toString().equals(instance));
  }

  private static Store store(ServerConfig config, Path data) {
    return config
        .postgres()
        .<Store>map(
            postgres -> PostgresStore.open(postgres.url(), config.account(), config.region()))
        .orElseGet(() -> SqliteStore.open(data, config.account(), config.region()));
  }

  private static Destination whole(HttpService service, ErrorForm errors) {
    return new Destination.Whole(service, MAX_API_BODY_BYTES, errors);
  }

  private static ExternalS3Config external(ServerConfig.S3 s3) {
    return new ExternalS3Config(
        s3.endpoint(),
        s3.region(),
        s3.isPathStyle(),
        new ExternalS3Config.Credentials(s3.accessKeyId(), s3.secretAccessKey(), null),
        EXTERNAL_S3_TIMEOUT);
  }

  private static Map<String, Object> health(ServerConfig config, ContainerRuntime runtime) {
    var health = new LinkedHashMap<String, Object>();
    health.put("status", "ok");
    health.put("account", config.account());
    health.put("region", config.region());
    health.put("auth", config.auth());
    health.put("runtime", runtime.name());
    health.put("dataDirectory", config.dataDirectory().toString());
    return health;
  }

  private static String urlHost(String host) {
    return host.contains(":") ? "[" + host + "]" : host;
  }

  private static <T extends AutoCloseable> T opened(Deque<AutoCloseable> parts, T part) {
    parts.push(part);
    return part;
  }

  private static void closeAll(Deque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("closing {} failed", part.getClass().getSimpleName(), e);
      }
    }
  }
}
