package dev.berth.hosting.endpoint;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.endpoint.EndpointPlanner.Failures;
import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.endpoint.Plan.Action;
import dev.berth.hosting.endpoint.Plan.Transition;
import dev.berth.hosting.resource.Kind;
import dev.berth.hosting.route.EndpointRoute;
import dev.berth.hosting.route.InstanceRoute;
import dev.berth.hosting.route.InvocationFigures;
import dev.berth.hosting.route.RoutingTable;
import dev.berth.hosting.route.VariantRoute;
import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceState;
import dev.berth.hosting.runtime.ObservedInstance;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.ResolvedImage;
import dev.berth.hosting.runtime.Target;
import dev.berth.store.ListQuery;
import dev.berth.store.Page;
import dev.berth.store.Resource;
import dev.berth.store.Store;
import dev.berth.store.Transaction.StaleResourceException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings every endpoint from what is observed to what is desired, turn by turn: read what is
 * stored, observe, {@link EndpointPlanner plan}, write the transition, act, publish the route. An
 * endpoint has at most one turn at a time, on a virtual thread; anything that may change its plan
 * wakes it.
 *
 * <p>Nothing here is needed after a crash: a new process reads the store and observes anew. A write
 * comes before the actions that follow from it, so a process killed between the two finds out what
 * it meant to do.
 */
public final class EndpointReconciler implements EndpointDescription.Observed, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointReconciler.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  /** A variant that ran this long without a failure starts anew with short pauses. */
  private static final Duration FORGIVE = Duration.ofMinutes(10);

  /** How often everything is looked at though nothing was told: a word may have been lost. */
  private static final Duration RESYNC = Duration.ofSeconds(30);

  private static final int PAGE = 100;

  private final Store store;
  private final ContainerRuntime runtime;
  private final Launches launches;
  private final ArtifactStore artifacts;
  private final InstantSource clock;
  private final Duration resync;
  private final EndpointPlanner planner = new EndpointPlanner();
  private final Routes routes = new Routes();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();
  private final Map<String, String> nameOfId = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("reconcile-timer").factory());
  private volatile boolean isClosed;

  /** What this process remembers of an endpoint between turns; touched by its turn only. */
  private static final class Session {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int RUNNING_AND_WOKEN = 2;

    private final String name;
    private final AtomicInteger turn = new AtomicInteger(IDLE);
    private final InstanceRoutes instances;
    private final Map<InstanceId, Instant> draining = new HashMap<>();
    private final Map<String, Failures> failures = new HashMap<>();

    Session(String name, InstanceRoutes instances) {
      this.name = name;
      this.instances = instances;
    }
  }

  public EndpointReconciler(
      Store store, ContainerRuntime runtime, ArtifactStore artifacts, InstantSource clock) {
    this(store, runtime, artifacts, clock, RESYNC);
  }

  EndpointReconciler(
      Store store,
      ContainerRuntime runtime,
      ArtifactStore artifacts,
      InstantSource clock,
      Duration resync) {
    this.resync = resync;
    this.store = store;
    this.runtime = runtime;
    this.artifacts = artifacts;
    this.clock = clock;
    this.launches = new Launches(runtime, artifacts, clock, this::instanceChanged);
  }

  /** Where invocations go; empty until {@link #start()}. */
  public RoutingTable routes() {
    return routes;
  }

  /** Takes up every stored endpoint, and stops instances that belong to none. */
  public void start() {
    var known = new HashSet<String>();
    ListQuery query = ListQuery.all(Kind.ENDPOINT.arnType(), PAGE);
    while (true) {
      Page page = store.list(query);
      for (Resource endpoint : page.resources()) {
        known.add(endpoint.id());
        nameOfId.put(endpoint.id(), endpoint.key().name());
      }
      if (page.next().isEmpty()) {
        break;
      }
      query = query.from(page.next());
    }
    runtime.onChange(this::instanceChanged);
    for (ObservedInstance instance : runtime.instances()) {
      Owner owner = instance.id().owner();
      if (owner.kind() != Owner.Kind.ENDPOINT) {
        continue;
      }
      if (known.contains(owner.id())) {
        launches.adopt(instance.id());
      } else {
        LOG.info("stopping {}: its endpoint is gone", instance.id());
        runtime.stop(instance.id());
      }
    }
    nameOfId.values().forEach(this::wake);
    var _ =
        timer.scheduleWithFixedDelay(
            this::wakeAll, resync.toMillis(), resync.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Has every endpoint looked at, and stops what belongs to none. */
  private void wakeAll() {
    try {
      nameOfId.values().forEach(this::wake);
      runtime
          .instances()
          .forEach(instance -> {
            if (!nameOfId.containsKey(instance.id().owner().id())) {
              instanceChanged(instance.id());
            }
          });
    } catch (RuntimeException e) {
      LOG.error("not all endpoints could be looked at; next try in {}", resync, e);
    }
  }

  /** Has the endpoint looked at soon; returns at once. */
  public void wake(String endpointName) {
    if (isClosed) {
      return;
    }
    Session session =
        sessions.computeIfAbsent(
            endpointName.toLowerCase(Locale.ROOT),
            _ -> new Session(endpointName, new InstanceRoutes(artifacts)));
    int before =
        session.turn.getAndUpdate(
            state -> state == Session.IDLE ? Session.RUNNING : Session.RUNNING_AND_WOKEN);
    if (before == Session.IDLE) {
      Thread.ofVirtual().name("reconcile-" + endpointName).start(() -> turns(session));
    }
  }

  /** Returns what goes on in an endpoint, empty when there is none of this name. */
  public Optional<EndpointView> view(String endpointName) {
    return store
        .find(Kind.ENDPOINT.key(endpointName))
        .map(endpoint -> {
          var document = EndpointDocument.parse(endpoint.document());
          return new EndpointView(
              endpoint.key().name(),
              endpoint.status(),
              document.failureReason(),
              views(observe(Owner.endpoint(endpoint.id())), endpointName),
              figures(endpoint.key().name()));
        });
  }

  private List<InvocationFigures> figures(String endpointName) {
    EndpointRoute route = routes.find(endpointName);
    return route == null
        ? List.of()
        : route.variants().stream().map(InvocationFigures::of).toList();
  }

  @Override
  public int inService(String endpointId, long generation, String variant) {
    return (int)
        observed(Owner.endpoint(endpointId))
            .filter(instance -> isOf(instance.id(), generation, variant))
            .filter(instance -> instance.state() instanceof InstanceState.InService)
            .count();
  }

  @Override
  public List<ResolvedImage> images(String endpointId, long generation, String variant) {
    return observed(Owner.endpoint(endpointId))
        .filter(instance -> isOf(instance.id(), generation, variant))
        .map(ObservedInstance::images)
        .filter(images -> !images.isEmpty())
        .findFirst()
        .orElse(List.of());
  }

  private Stream<ObservedInstance> observed(Owner endpoint) {
    return runtime.instances().stream().filter(instance -> instance.id().owner().equals(endpoint));
  }

  private static boolean isOf(InstanceId id, long generation, String variant) {
    return id.generation() == generation && id.variant().equals(variant);
  }

  @Override
  public void close() {
    isClosed = true;
    timer.shutdownNow();
  }

  private void instanceChanged(InstanceId id) {
    if (id.owner().kind() != Owner.Kind.ENDPOINT) {
      return;
    }
    String name = nameOfId.get(id.owner().id());
    if (name != null) {
      wake(name);
    } else {
      // Found later than the start, as when the engine was down: its endpoint was deleted before.
      runtime.stop(id);
    }
  }

  private void turns(Session session) {
    do {
      session.turn.set(Session.RUNNING);
      try {
        turn(session);
      } catch (StaleResourceException _) {
        // Somebody changed it meanwhile and has woken us: the next turn sees it.
      } catch (RuntimeException e) {
        if (isClosed) {
          return;
        }
        LOG.error("endpoint {}: turn failed, next try in {}", session.name, RETRY, e);
        wakeAt(session, clock.instant().plus(RETRY));
      }
    } while (!session.turn.compareAndSet(Session.RUNNING, Session.IDLE) && !isClosed);
  }

  private void turn(Session session) {
    Optional<Resource> found = store.find(Kind.ENDPOINT.key(session.name));
    if (found.isEmpty()) {
      routes.publish(session.name, null);
      return;
    }
    Resource endpoint = found.get();
    nameOfId.put(endpoint.id(), endpoint.key().name());
    Instant now = clock.instant();
    Observation observation = observe(Owner.endpoint(endpoint.id()));
    // What was found running, at the start or later, goes on using its artifacts.
    observation.seen().keySet().forEach(launches::adopt);
    List<Member> members = drainingOverlay(session, observation.members());
    Plan plan =
        planner.plan(
            EndpointStatus.of(endpoint.status()),
            EndpointDocument.parse(endpoint.document()),
            members,
            session.failures,
            now);
    if (plan.transition().isPresent()) {
      Transition transition = plan.transition().get();
      LOG.info("endpoint {} ({}): {}", endpoint.key().name(), endpoint.status(), words(transition));
      if (transition instanceof Transition.Gone) {
        forget(session, endpoint);
        return;
      }
      Resource next = next(endpoint, transition, observation, now);
      // Before anybody can read of it: who sees InService may invoke at once.
      publish(session, next, EndpointDocument.parse(next.document()), members, observation);
      endpoint = store.write(transaction -> transaction.update(next));
      wake(session.name);
    }
    EndpointDocument document = EndpointDocument.parse(endpoint.document());
    for (Action action : plan.actions()) {
      act(session, endpoint, document, action, members, now);
    }
    publish(session, endpoint, document, members, observation);
    plan.lookAgainAt().ifPresent(at -> wakeAt(session, at));
  }

  private void forget(Session session, Resource endpoint) {
    routes.publish(endpoint.key().name(), null);
    store.write(transaction -> transaction.delete(endpoint.key()));
    nameOfId.remove(endpoint.id());
    session.instances.retain(Set.of());
    session.draining.clear();
    session.failures.clear();
  }

  /** Returns the endpoint as a transition makes it. */
  private static Resource next(
      Resource endpoint, Transition transition, Observation observation, Instant now) {
    var document = EndpointDocument.parse(endpoint.document());
    return switch (transition) {
      case Transition.Promoted _ -> {
        Fleet pending = document.pending();
        long keep =
            document.active() == null || pending == null
                ? 0
                : now.toEpochMilli() + 1000L * pending.terminationWaitSeconds();
        boolean isBaking = keep > now.toEpochMilli();
        yield endpoint.with(
            (isBaking ? EndpointStatus.UPDATING : EndpointStatus.IN_SERVICE).wire(),
            document.resolved(images(observation, pending)).promoted(isBaking ? keep : 0).toJson(),
            now);
      }
      case Transition.DeploymentFailed(String reason) ->
          endpoint.with(
              (document.active() == null ? EndpointStatus.FAILED : EndpointStatus.IN_SERVICE)
                  .wire(),
              document.deploymentFailed(reason).toJson(),
              now);
      case Transition.Baked _ ->
          endpoint.with(EndpointStatus.IN_SERVICE.wire(), document.baked().toJson(), now);
      case Transition.Settled _ ->
          endpoint.with(EndpointStatus.IN_SERVICE.wire(), document.settled().toJson(), now);
      case Transition.ScalingFailed(String reason) ->
          endpoint.with(EndpointStatus.IN_SERVICE.wire(), document.reverted(reason).toJson(), now);
      case Transition.Gone _ ->
          throw new IllegalArgumentException("nothing follows: " + transition);
    };
  }

  private static String words(Transition transition) {
    return switch (transition) {
      case Transition.Promoted _ -> "the new fleet is healthy and takes the traffic";
      case Transition.DeploymentFailed(String reason) -> "the deployment failed: " + reason;
      case Transition.Baked _ -> "the fleet before is no longer kept";
      case Transition.Settled _ -> "the weights and counts asked for are there";
      case Transition.ScalingFailed(String reason) -> "scaling failed: " + reason;
      case Transition.Gone _ -> "gone";
    };
  }

  private void act(
      Session session,
      Resource endpoint,
      EndpointDocument document,
      Action action,
      List<Member> members,
      Instant now) {
    switch (action) {
      case Action.Launch(long generation, String variantName) ->
          fleet(document, generation)
              .ifPresent(fleet ->
                  fleet.variants().stream()
                      .filter(variant -> variant.name().equals(variantName))
                      .forEach(variant ->
                          launches.launch(
                              InstanceId.fresh(
                                  Owner.endpoint(endpoint.id()), generation, variantName),
                              endpoint.key().name(),
                              fleet,
                              variant)));
      case Action.Drain(InstanceId id) -> session.draining.putIfAbsent(id, now);
      case Action.Stop(InstanceId id, String why) -> {
        LOG.info("endpoint {}: stopping {}: {}", session.name, id, why);
        if (isFailed(members, id)) {
          session.failures.merge(
              id.variant(),
              new Failures(1, now),
              (old, _) ->
                  new Failures(old.last().plus(FORGIVE).isBefore(now) ? 1 : old.count() + 1, now));
        }
        launches.stop(id);
      }
    }
  }

  private static boolean isFailed(List<Member> members, InstanceId id) {
    return members.stream()
        .anyMatch(member -> member.id().equals(id) && member.state() instanceof State.Failed);
  }

  private static Optional<Fleet> fleet(EndpointDocument document, long generation) {
    for (Fleet fleet :
        new @Nullable Fleet[] {document.active(), document.pending(), document.previous()}) {
      if (fleet != null && fleet.generation() == generation) {
        return Optional.of(fleet);
      }
    }
    return Optional.empty();
  }

  /**
   * An endpoint's instances at one moment.
   *
   * @param members those that are still being prepared here included
   * @param seen what the runtime has of them
   */
  private record Observation(List<Member> members, Map<InstanceId, ObservedInstance> seen) {}

  /** Joins what the runtime observes with what is still being prepared here. */
  private Observation observe(Owner endpoint) {
    // Before the runtime is asked: what is handed over meanwhile must not be missing in both.
    Set<InstanceId> handedOver = launches.handedOver(endpoint);
    var seen = new LinkedHashMap<InstanceId, ObservedInstance>();
    observed(endpoint).forEach(instance -> seen.put(instance.id(), instance));
    var members = new ArrayList<Member>();
    seen.values().forEach(instance -> members.add(member(instance)));
    members.addAll(launches.members(endpoint, handedOver, seen.keySet()));
    return new Observation(members, seen);
  }

  private static Member member(ObservedInstance instance) {
    State state =
        switch (instance.state()) {
          case InstanceState.Starting(String step) -> new State.Starting(step);
          case InstanceState.InService _ -> new State.InService();
          case InstanceState.Stopping _ -> new State.Stopping();
          case InstanceState.Failed(String reason) -> new State.Failed(reason);
          case InstanceState.Lost(String reason) -> new State.Lost(reason);
        };
    return new Member(instance.id(), state, instance.since());
  }

  /** Returns, by variant, what the images of a fleet stand for. */
  private static Map<String, List<ResolvedImage>> images(
      Observation observation, @Nullable Fleet fleet) {
    var images = new HashMap<String, List<ResolvedImage>>();
    for (ObservedInstance instance : observation.seen().values()) {
      if (fleet != null
          && instance.id().generation() == fleet.generation()
          && !instance.images().isEmpty()) {
        images.putIfAbsent(instance.id().variant(), instance.images());
      }
    }
    return images;
  }

  private static List<Member> drainingOverlay(Session session, List<Member> members) {
    Set<InstanceId> present = new HashSet<>();
    var overlaid = new ArrayList<Member>();
    for (Member member : members) {
      present.add(member.id());
      Instant since = session.draining.get(member.id());
      if (since != null && member.isInService()) {
        InstanceRoute route = session.instances.find(member.id());
        overlaid.add(
            new Member(
                member.id(), new State.Draining(route == null ? 0 : route.inFlight()), since));
      } else {
        overlaid.add(member);
      }
    }
    session.draining.keySet().retainAll(present);
    session.instances.retain(present);
    return overlaid;
  }

  private void publish(
      Session session,
      Resource endpoint,
      EndpointDocument document,
      List<Member> members,
      Observation observation) {
    Fleet active = document.active();
    EndpointStatus status = EndpointStatus.of(endpoint.status());
    String name = endpoint.key().name();
    if (active == null
        || (status != EndpointStatus.IN_SERVICE && status != EndpointStatus.UPDATING)) {
      routes.publish(name, null);
      return;
    }
    var variants = new ArrayList<VariantRoute>();
    for (Fleet.Variant variant : active.variants()) {
      var instances = new ArrayList<InstanceRoute>();
      for (Member member : members) {
        InstanceId id = member.id();
        ObservedInstance seen = observation.seen().get(id);
        if (seen != null
            && seen.state() instanceof InstanceState.InService(List<Target> to)
            && !session.draining.containsKey(id)
            && id.generation() == active.generation()
            && id.variant().equals(variant.name())) {
          instances.add(session.instances.of(id, variant.model(), to));
        }
      }
      variants.add(
          new VariantRoute(
              variant.name(),
              variant.currentWeight(),
              VariantRoute.Strategy.valueOf(variant.routing()),
              instances));
    }
    routes.publish(name, new EndpointRoute(name, variants));
  }

  private void wakeAt(Session session, Instant at) {
    long delay = Math.max(1, Duration.between(clock.instant(), at).toMillis());
    try {
      var _ = timer.schedule(() -> wake(session.name), delay, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      if (!isClosed) {
        throw e;
      }
    }
  }

  private List<EndpointView.InstanceView> views(Observation observation, String endpointName) {
    Session session = sessions.get(endpointName.toLowerCase(Locale.ROOT));
    return observation.members().stream()
        .map(member -> {
          ObservedInstance seen = observation.seen().get(member.id());
          EndpointView.InstanceView view = view(member, seen == null ? "" : seen.note());
          return session == null ? view : view.with(session.instances.models(member.id()));
        })
        .toList();
  }

  private static EndpointView.InstanceView view(Member member, String note) {
    InstanceId id = member.id();
    return switch (member.state()) {
      case State.Preparing(String step, long done, long total) ->
          view(id, "Preparing", step, done, total);
      case State.Starting(String step) -> view(id, "Starting", step, 0, 0);
      case State.InService _ -> view(id, "InService", note, 0, 0);
      case State.Draining(int inFlight) ->
          view(id, "Draining", "%d invocations open".formatted(inFlight), 0, 0);
      case State.Stopping _ -> view(id, "Stopping", "", 0, 0);
      case State.Failed(String reason) -> view(id, "Failed", reason, 0, 0);
      case State.Lost(String reason) -> view(id, "Failed", reason, 0, 0);
    };
  }

  private static EndpointView.InstanceView view(
      InstanceId id, String state, String step, long doneBytes, long totalBytes) {
    return new EndpointView.InstanceView(
        id.variant(), id.instance(), id.generation(), state, step, doneBytes, totalBytes, null);
  }
}
