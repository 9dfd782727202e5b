package dev.berth.hosting.endpoint;

import dev.berth.hosting.artifact.ArtifactStore;
import dev.berth.hosting.endpoint.EndpointPlanner.Failures;
import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.endpoint.Plan.Action;
import dev.berth.hosting.endpoint.Plan.Transition;
import dev.berth.hosting.plan.ModelPlan;
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
public final class EndpointReconciler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointReconciler.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  /** A variant that ran this long without a failure starts anew with short pauses. */
  private static final Duration FORGIVE = Duration.ofMinutes(10);

  private static final int PAGE = 100;

  private final Store store;
  private final ContainerRuntime runtime;
  private final Launches launches;
  private final InstantSource clock;
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
    private final Map<InstanceId, InstanceRoute> instances = new HashMap<>();
    private final Map<InstanceId, Instant> draining = new HashMap<>();
    private final Map<String, Failures> failures = new HashMap<>();

    Session(String name) {
      this.name = name;
    }
  }

  public EndpointReconciler(
      Store store, ContainerRuntime runtime, ArtifactStore artifacts, InstantSource clock) {
    this.store = store;
    this.runtime = runtime;
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
  }

  /** Has the endpoint looked at soon; returns at once. */
  public void wake(String endpointName) {
    if (isClosed) {
      return;
    }
    Session session =
        sessions.computeIfAbsent(
            endpointName.toLowerCase(Locale.ROOT), _ -> new Session(endpointName));
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
              observe(Owner.endpoint(endpoint.id())).stream()
                  .map(EndpointReconciler::view)
                  .toList(),
              figures(endpoint.key().name()));
        });
  }

  private List<InvocationFigures> figures(String endpointName) {
    EndpointRoute route = routes.find(endpointName);
    return route == null
        ? List.of()
        : route.variants().stream().map(InvocationFigures::of).toList();
  }

  /** Returns how many instances of a variant are in service, in the fleet of this generation. */
  int inService(String endpointId, long generation, String variant) {
    int count = 0;
    for (Member member : observe(Owner.endpoint(endpointId))) {
      InstanceId id = member.id();
      if (member.isInService() && id.generation() == generation && id.variant().equals(variant)) {
        count++;
      }
    }
    return count;
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
    keepArtifacts(Owner.endpoint(endpoint.id()));
    List<Member> members = drainingOverlay(session, observe(Owner.endpoint(endpoint.id())));
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
      Resource next = next(endpoint, transition, now);
      // Before anybody can read of it: who sees InService may invoke at once.
      publish(session, next, EndpointDocument.parse(next.document()), members);
      endpoint = store.write(transaction -> transaction.update(next));
      wake(session.name);
    }
    EndpointDocument document = EndpointDocument.parse(endpoint.document());
    for (Action action : plan.actions()) {
      act(session, endpoint, document, action, members, now);
    }
    publish(session, endpoint, document, members);
    plan.lookAgainAt().ifPresent(at -> wakeAt(session, at));
  }

  private void forget(Session session, Resource endpoint) {
    routes.publish(endpoint.key().name(), null);
    store.write(transaction -> transaction.delete(endpoint.key()));
    nameOfId.remove(endpoint.id());
    session.instances.clear();
    session.draining.clear();
    session.failures.clear();
  }

  /** Returns the endpoint as a transition makes it. */
  private static Resource next(Resource endpoint, Transition transition, Instant now) {
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
            document.promoted(isBaking ? keep : 0).toJson(),
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

  /** What was found running, at the start or later, goes on using its artifacts. */
  private void keepArtifacts(Owner endpoint) {
    for (ObservedInstance instance : runtime.instances()) {
      if (instance.id().owner().equals(endpoint)) {
        launches.adopt(instance.id());
      }
    }
  }

  /** Joins what the runtime observes with what is still being prepared here. */
  private List<Member> observe(Owner endpoint) {
    var members = new ArrayList<Member>();
    // Before the runtime is asked: what is handed over meanwhile must not be missing in both.
    Set<InstanceId> handedOver = launches.handedOver(endpoint);
    Set<InstanceId> observed = new HashSet<>();
    for (ObservedInstance instance : runtime.instances()) {
      if (instance.id().owner().equals(endpoint)) {
        observed.add(instance.id());
        members.add(
            new Member(
                instance.id(),
                switch (instance.state()) {
                  case InstanceState.Starting(String step) -> new State.Starting(step);
                  case InstanceState.InService _ -> new State.InService();
                  case InstanceState.Stopping _ -> new State.Stopping();
                  case InstanceState.Failed(String reason) -> new State.Failed(reason);
                },
                instance.since()));
      }
    }
    members.addAll(launches.members(endpoint, handedOver, observed));
    return members;
  }

  private static List<Member> drainingOverlay(Session session, List<Member> members) {
    Set<InstanceId> present = new HashSet<>();
    var overlaid = new ArrayList<Member>();
    for (Member member : members) {
      present.add(member.id());
      Instant since = session.draining.get(member.id());
      if (since != null && member.isInService()) {
        InstanceRoute route = session.instances.get(member.id());
        overlaid.add(
            new Member(
                member.id(), new State.Draining(route == null ? 0 : route.inFlight()), since));
      } else {
        overlaid.add(member);
      }
    }
    session.draining.keySet().retainAll(present);
    session.instances.keySet().retainAll(present);
    return overlaid;
  }

  private void publish(
      Session session, Resource endpoint, EndpointDocument document, List<Member> members) {
    Fleet active = document.active();
    EndpointStatus status = EndpointStatus.of(endpoint.status());
    String name = endpoint.key().name();
    if (active == null
        || (status != EndpointStatus.IN_SERVICE && status != EndpointStatus.UPDATING)) {
      routes.publish(name, null);
      return;
    }
    Map<InstanceId, List<Target>> targets = targets(Owner.endpoint(endpoint.id()));
    var variants = new ArrayList<VariantRoute>();
    for (Fleet.Variant variant : active.variants()) {
      var instances = new ArrayList<InstanceRoute>();
      for (Member member : members) {
        InstanceId id = member.id();
        List<Target> to = targets.get(id);
        if (member.isInService()
            && to != null
            && !session.draining.containsKey(id)
            && id.generation() == active.generation()
            && id.variant().equals(variant.name())) {
          instances.add(session.instances.computeIfAbsent(id, _ -> route(id, variant.model(), to)));
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

  private Map<InstanceId, List<Target>> targets(Owner endpoint) {
    var targets = new HashMap<InstanceId, List<Target>>();
    for (ObservedInstance instance : runtime.instances()) {
      if (instance.id().owner().equals(endpoint)
          && instance.state() instanceof InstanceState.InService(List<Target> to)) {
        targets.put(instance.id(), to);
      }
    }
    return targets;
  }

  private static InstanceRoute route(InstanceId id, ModelPlan model, List<Target> targets) {
    var containers = new ArrayList<InstanceRoute.Container>();
    for (int i = 0; i < targets.size(); i++) {
      containers.add(
          new InstanceRoute.Container(model.containers().get(i).label(), targets.get(i)));
    }
    return new InstanceRoute(id, model.executionMode(), containers);
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

  private static EndpointView.InstanceView view(Member member) {
    InstanceId id = member.id();
    return switch (member.state()) {
      case State.Preparing(String step, long done, long total) ->
          view(id, "Preparing", step, done, total);
      case State.Starting(String step) -> view(id, "Starting", step, 0, 0);
      case State.InService _ -> view(id, "InService", "", 0, 0);
      case State.Draining(int inFlight) ->
          view(id, "Draining", "%d invocations open".formatted(inFlight), 0, 0);
      case State.Stopping _ -> view(id, "Stopping", "", 0, 0);
      case State.Failed(String reason) -> view(id, "Failed", reason, 0, 0);
    };
  }

  private static EndpointView.InstanceView view(
      InstanceId id, String state, String step, long doneBytes, long totalBytes) {
    return new EndpointView.InstanceView(
        id.variant(), id.instance(), id.generation(), state, step, doneBytes, totalBytes);
  }
}
