package dev.berth.gateway;

import dev.berth.edge.Exchange;
import dev.berth.edge.RequestListener;
import dev.berth.edge.StreamService;
import dev.berth.edge.backend.BackendLimits;
import dev.berth.hosting.multimodel.ModelPrefix;
import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.RoutingTable;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.Target;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpUtil;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The SageMaker runtime API: takes invocations on the event loop and routes each by the snapshot of
 * the moment. Many event loops at a time.
 */
public final class Gateway implements StreamService, AutoCloseable {
  /** Within it a container must accept a connection (Developer Guide, "own inference code"). */
  private static final Duration CONTAINER_ACCEPT = Duration.ofMillis(250);

  private final RoutingTable routes;
  private final GatewayConfig config;
  private final FailureAnswers failures;
  private final String account;
  private final BackendLimits containerLimits;
  private final Admission admission;
  private final ModelWorkers workers;
  private final CollectedBytes collectedBytes;

  /**
   * @param account account id in messages
   * @param region region in messages
   */
  public Gateway(RoutingTable routes, GatewayConfig config, String account, String region) {
    this.routes = routes;
    this.config = config;
    this.account = account;
    this.collectedBytes = new CollectedBytes(config.maxCollectedBytes());
    this.failures = new FailureAnswers(account, region);
    this.containerLimits =
        new BackendLimits(CONTAINER_ACCEPT, config.invocationTimeout(), config.invocationTimeout());
    this.admission = new Admission(config.maxInFlight());
    this.workers = new ModelWorkers(config.workers(), config.maxQueued());
  }

  @Override
  public RequestListener begin(Exchange exchange) {
    EndpointPath path = EndpointPath.parse(exchange.request().uri());
    if (path == null || !HttpMethod.POST.equals(exchange.request().method())) {
      return refuse(
          exchange,
          new InvocationFailure.ValidationError(
              "UNKNOWN_OPERATION",
              "The runtime API has POST /endpoints/{EndpointName}/invocations; this was "
                  + exchange.request().method()
                  + " "
                  + exchange.request().uri()));
    }
    HttpHeaders headers = exchange.request().headers();
    boolean isStream = path.operation() == EndpointPath.Operation.INVOKE_WITH_RESPONSE_STREAM;
    if (isStream) {
      acceptForModel(headers);
    }
    String violations = Constraint.violations(path.endpointName(), headers);
    if (violations != null) {
      return refuse(
          exchange, new InvocationFailure.ValidationError("VALIDATION_ERROR", violations));
    }
    EndpointRoute endpoint = routes.find(path.endpointName());
    if (endpoint == null) {
      return refuse(
          exchange,
          new InvocationFailure.ValidationError(
              "NO_SUCH_ENDPOINT",
              "Endpoint " + path.endpointName() + " of account " + account + " not found."));
    }
    InvocationFailure unsupported = unsupported(path, headers);
    if (unsupported != null) {
      return refuse(exchange, unsupported);
    }
    if (HttpUtil.getContentLength(exchange.request(), 0L) > config.maxPayloadBytes()) {
      return refuse(exchange, payloadTooLarge());
    }
    if (!isStream) {
      return route(exchange, endpoint, headers);
    }
    var stream = new EventStreamExchange(exchange, config.streamTimeout());
    return stream.taking(route(stream, endpoint, headers));
  }

  /** Gives the model the type that it is asked for, in place of that of the events. */
  private static void acceptForModel(HttpHeaders headers) {
    String accept = headers.get(SageMakerHeaders.ACCEPT);
    if (accept == null) {
      headers.remove(HttpHeaderNames.ACCEPT);
    } else {
      headers.set(HttpHeaderNames.ACCEPT, accept);
    }
  }

  /** Returns why this kind of invocation is not served, or null when it is. */
  private @Nullable InvocationFailure unsupported(EndpointPath path, HttpHeaders headers) {
    String name = path.endpointName();
    switch (path.operation()) {
      case INVOKE, INVOKE_WITH_RESPONSE_STREAM -> {}
      case INVOKE_ASYNC -> {
        return new InvocationFailure.ValidationError(
            "INFERENCE_TYPE_NOT_SUPPORTED",
            "Endpoint "
                + name
                + " of account "
                + account
                + " does not support this inference type. Berth has no asynchronous endpoints yet:"
                + " use InvokeEndpoint.");
      }
    }
    if (headers.contains(SageMakerHeaders.INFERENCE_COMPONENT)) {
      return new InvocationFailure.ValidationError(
          "INFERENCE_COMPONENT_NAME_HEADER_NOT_ALLOWED",
          "Inference Component Name header is not allowed for endpoints to which you dont plan to"
              + " deploy inference components. Please remove the Inference Component Name header"
              + " and try again.");
    }
    if (headers.contains(SageMakerHeaders.SESSION_ID)) {
      return new InvocationFailure.NotExecuted(
          "Berth does not keep stateful sessions yet: leave out SessionId.");
    }
    return null;
  }

  private RequestListener route(Exchange exchange, EndpointRoute endpoint, HttpHeaders headers) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String wanted = headers.get(SageMakerHeaders.TARGET_VARIANT);
    List<VariantRoute> variants = endpoint.variants();
    VariantRoute variant =
        wanted == null
            ? Pick.byWeight(variants, random.nextDouble())
            : Pick.named(variants, wanted);
    if (variant == null) {
      return refuse(exchange, noVariant(exchange, endpoint, wanted));
    }
    String targetModel = headers.get(SageMakerHeaders.TARGET_MODEL);
    InstanceRoute instance =
        targetModel == null
            ? Pick.instance(variant, random.nextDouble())
            : ModelPlacement.pick(variant, ModelPrefix.normalized(targetModel));
    if (instance == null) {
      return refuse(
          exchange,
          new InvocationFailure.ServiceUnavailable(
              "Variant "
                  + variant.name()
                  + " of endpoint "
                  + endpoint.endpointName()
                  + " has no instance in service now; try again in a moment."));
    }
    InvocationFailure wrong = targetModelFailure(exchange, endpoint, instance, targetModel);
    if (wrong != null) {
      return refuse(exchange, wrong);
    }
    String hostname = headers.get(SageMakerHeaders.TARGET_CONTAINER_HOSTNAME);
    return switch (container(endpoint, instance, hostname)) {
      case Chosen.Refused(InvocationFailure failure) -> refuse(exchange, failure);
      case Chosen.Container(int position, boolean isPipeline) -> {
        long left = config.invocationTimeout().toNanos();
        InstanceRoute able = admission.able(variant, instance, position, left);
        yield able == null
            ? refuse(exchange, admission.shed(endpoint.endpointName(), variant, instance, position))
            : begin(exchange, endpoint, variant, able, position, isPipeline);
      }
    };
  }

  private RequestListener begin(
      Exchange exchange,
      EndpointRoute endpoint,
      VariantRoute variant,
      InstanceRoute instance,
      int position,
      boolean isPipeline) {
    String name = endpoint.endpointName();
    if (isPipeline) {
      return PipelineInvocation.begin(this, exchange, name, variant, instance);
    }
    InstanceRoute.Container container = instance.containers().get(position);
    var routed = new Routed(name, variant.name(), instance, container.name());
    instance.begin();
    return begin(exchange, variant, routed, container.target());
  }

  RequestListener begin(Exchange exchange, VariantRoute variant, Routed routed, Target target) {
    return switch (target) {
      case Target.InProcess(var model) -> new InProcessInvocation(this, exchange, routed, model);
      case Target.Http http -> ContainerInvocation.begin(this, exchange, variant, routed, http);
      case Target.MultiModel _ -> ModelInvocation.begin(this, exchange, variant, routed);
    };
  }

  /** Returns what is wrong about TargetModel's being there or not, or null when nothing is. */
  private static @Nullable InvocationFailure targetModelFailure(
      Exchange exchange,
      EndpointRoute endpoint,
      InstanceRoute instance,
      @Nullable String targetModel) {
    boolean isMultiModel = instance.models() != null;
    if (isMultiModel == (targetModel != null)) {
      return null;
    }
    return isMultiModel
        ? new InvocationFailure.ValidationError(
            "TARGET_MODEL_HEADER_MISSING",
            "Request " + exchange.requestId() + " is missing a target model header.")
        : new InvocationFailure.ValidationError(
            "TARGET_MODEL_HEADER_NOT_SUPPORTED",
            "Endpoint "
                + endpoint.endpointName()
                + " is not a multi-model endpoint and does not support target model header.");
  }

  /** The container that takes a request, or why none does. */
  private sealed interface Chosen {
    /**
     * One of the instance's.
     *
     * @param isPipeline whether it is only the first of all that a request passes through
     */
    record Container(int position, boolean isPipeline) implements Chosen {}

    record Refused(InvocationFailure failure) implements Chosen {}
  }

  private static Chosen container(
      EndpointRoute endpoint, InstanceRoute instance, @Nullable String hostname) {
    List<InstanceRoute.Container> containers = instance.containers();
    String name = endpoint.endpointName();
    if (instance.mode() == ExecutionMode.DIRECT && containers.size() > 1) {
      return direct(name, containers, hostname);
    }
    if (hostname != null) {
      return new Chosen.Refused(
          new InvocationFailure.ValidationError(
              "TARGET_CONTAINER_HEADER_NOT_SUPPORTED",
              "Endpoint "
                  + name
                  + " does not use direct invocation and does not support target"
                  + " container hostname header."));
    }
    return new Chosen.Container(0, containers.size() > 1);
  }

  private static Chosen direct(
      String endpoint, List<InstanceRoute.Container> containers, @Nullable String hostname) {
    if (hostname == null) {
      return new Chosen.Refused(
          new InvocationFailure.ValidationError(
              "TARGET_CONTAINER_HEADER_MISSING",
              "Endpoint "
                  + endpoint
                  + " uses direct invocation and needs the target container"
                  + " hostname header."));
    }
    int position = positionOf(hostname, containers);
    if (position >= 0) {
      return new Chosen.Container(position, false);
    }
    return new Chosen.Refused(
        new InvocationFailure.ValidationError(
            "NO_SUCH_CONTAINER",
            "Endpoint " + endpoint + " has no container with hostname " + hostname + "."));
  }

  /**
   * Finds a container by its hostname, or by the name of its place: {@code container-1} …. Returns
   * -1 for neither.
   */
  private static int positionOf(String name, List<InstanceRoute.Container> containers) {
    for (int i = 0; i < containers.size(); i++) {
      if (containers.get(i).name().equals(name)) {
        return i;
      }
    }
    for (int i = 0; i < containers.size(); i++) {
      if (name.equals("container-" + (i + 1))) {
        return i;
      }
    }
    return -1;
  }

  private static InvocationFailure noVariant(
      Exchange exchange, EndpointRoute endpoint, @Nullable String wanted) {
    if (wanted == null) {
      return new InvocationFailure.ServiceUnavailable(
          "Every variant of endpoint "
              + endpoint.endpointName()
              + " has weight 0: name one with TargetVariant, or raise a weight with"
              + " UpdateEndpointWeightsAndCapacities.");
    }
    return new InvocationFailure.ValidationError(
        "VARIANT_NOT_FOUND",
        "Variant " + wanted + " not found for Request " + exchange.requestId());
  }

  private RequestListener refuse(Exchange exchange, InvocationFailure failure) {
    fail(exchange, failure);
    return Ignored.INSTANCE;
  }

  void fail(Exchange exchange, InvocationFailure failure) {
    failures.send(exchange, failure);
  }

  InvocationFailure payloadTooLarge() {
    return new InvocationFailure.ValidationError(
        "PAYLOAD_TOO_LARGE",
        "The request's body is larger than the payload limit of "
            + config.maxPayloadBytes()
            + " bytes. Send less at once.");
  }

  InvocationFailure workersBusy() {
    return new InvocationFailure.ServiceUnavailable(
        "All "
            + config.workers()
            + " model workers are busy and "
            + config.maxQueued()
            + " invocations wait already; try again in a moment.");
  }

  InvocationFailure workersTooSlow() {
    return new InvocationFailure.ServiceUnavailable(
        "The model workers would come to this invocation only after about "
            + workers.expectedWaitNanos() / 1_000_000_000L
            + " s, when its time is up. Please try again later.");
  }

  InvocationFailure memoryUsedUp() {
    return new InvocationFailure.ServiceUnavailable(
        "The memory for large payloads ("
            + config.maxCollectedBytes()
            + " bytes) is used up by other invocations; try again in a moment.");
  }

  Admission admission() {
    return admission;
  }

  CollectedBytes collectedBytes() {
    return collectedBytes;
  }

  GatewayConfig config() {
    return config;
  }

  BackendLimits containerLimits() {
    return containerLimits;
  }

  ModelWorkers workers() {
    return workers;
  }

  /** Ends the worker threads. Close the edge first, so that no invocation is under way. */
  @Override
  public void close() {
    // What still waits was given up by the edge, and gives its memory back when it runs.
    workers.close();
  }

  /** For a request that is answered already; the edge throws its body away. */
  private enum Ignored implements RequestListener {
    INSTANCE;

    @Override
    public void received(ByteBuf piece) {
      piece.release();
    }

    @Override
    public void ended(HttpHeaders trailers) {}

    @Override
    public void aborted() {}
  }
}
