package dev.berth.hosting.endpoint;

import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.endpoint.Plan.Action;
import dev.berth.hosting.endpoint.Plan.Transition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides the steps from what is observed of an endpoint to what is desired. Pure: time is an
 * argument, and a failed turn needs no undo, as the next one observes anew.
 *
 * <p>Deployments are blue/green, all at once: the pending fleet stands beside the active one until
 * every instance of it is healthy, then takes all the traffic; the one before drains and goes. One
 * instance that fails fails the deployment. In the active fleet a failed instance is replaced, with
 * growing pauses, while the others serve. One that was lost while no Berth was there is replaced in
 * any fleet, at once.
 */
final class EndpointPlanner {
  /** From the last invocation that a route could have handed out to the stop of its instance. */
  static final Duration DRAIN_GRACE = Duration.ofMillis(100);

  /** Invocations end within 60 s; what is still open after this is cut. */
  static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(70);

  static final Duration MAX_PAUSE = Duration.ofSeconds(60);

  /**
   * How often a variant's instances failed one after another.
   *
   * @param last when the last one failed
   */
  record Failures(int count, Instant last) {
    Instant notBefore() {
      Duration pause = Duration.ofSeconds(1L << Math.min(count - 1, 6));
      return last.plus(pause.compareTo(MAX_PAUSE) < 0 ? pause : MAX_PAUSE);
    }
  }

  /**
   * Returns the plan for one endpoint.
   *
   * @param failures by variant of the active fleet
   */
  Plan plan(
      EndpointStatus status,
      EndpointDocument document,
      List<Member> members,
      Map<String, Failures> failures,
      Instant now) {
    var turn = new Turn(members, now);
    switch (status) {
      case CREATING -> turn.deploy(document.pending());
      case UPDATING -> {
        turn.keep(
            document.active(), failures, document.pending() == null && document.previous() == null);
        turn.keep(document.previous(), Map.of(), false);
        if (document.pending() != null) {
          turn.deploy(document.pending());
        } else if (document.previous() != null) {
          turn.bake(document.previousUntilMillis());
        }
      }
      case IN_SERVICE -> turn.keep(document.active(), failures, false);
      case FAILED -> {}
      case DELETING -> turn.deleted();
    }
    turn.removeOthers();
    return turn.plan();
  }

  /** One turn of planning; collects as it goes. */
  private static final class Turn {
    private final List<Member> others;
    private final Instant now;
    private final List<Action> actions = new ArrayList<>();
    private @Nullable Transition transition;
    private @Nullable Instant lookAgainAt;

    Turn(List<Member> members, Instant now) {
      this.others = new ArrayList<>(members);
      this.now = now;
    }

    /** Brings up a pending fleet, or says that it is up or can't be. */
    void deploy(@Nullable Fleet fleet) {
      if (fleet == null) {
        return;
      }
      List<Member> mine = claim(fleet.generation());
      Optional<String> failure =
          mine.stream()
              .map(Member::state)
              .filter(State.Failed.class::isInstance)
              .map(state -> ((State.Failed) state).reason())
              .findFirst();
      if (failure.isEmpty() && fleet.maximumSeconds() > 0) {
        Instant end =
            Instant.ofEpochMilli(fleet.startedAtMillis()).plusSeconds(fleet.maximumSeconds());
        failure =
            now.isBefore(end)
                ? Optional.empty()
                : Optional.of(
                    "The deployment did not finish within MaximumExecutionTimeoutInSeconds (%d)."
                        .formatted(fleet.maximumSeconds()));
        lookAgain(end);
      }
      if (failure.isPresent()) {
        transition = new Transition.DeploymentFailed(failure.get());
        others.addAll(mine);
        return;
      }
      mine.stream().filter(member -> member.state() instanceof State.Lost).forEach(this::remove);
      boolean isUp = true;
      for (Fleet.Variant variant : fleet.variants()) {
        List<Member> alive = alive(mine, variant.name());
        launch(fleet, variant, variant.desiredCount() - alive.size());
        isUp &= alive.stream().filter(Member::isInService).count() >= variant.desiredCount();
      }
      if (isUp) {
        transition = new Transition.Promoted();
      }
    }

    /** Keeps a serving fleet at its size, and says when a change of its size is done or failed. */
    void keep(@Nullable Fleet fleet, Map<String, Failures> failures, boolean isScaling) {
      if (fleet == null) {
        return;
      }
      List<Member> mine = claim(fleet.generation());
      boolean isThere = true;
      for (Fleet.Variant variant : fleet.variants()) {
        List<Member> alive = alive(mine, variant.name());
        for (Member member : mine) {
          if (!member.id().variant().equals(variant.name())) {
            continue;
          }
          switch (member.state()) {
            case State.Failed(String reason) -> {
              if (isScaling && variant.desiredCount() > variant.currentCount()) {
                transition = new Transition.ScalingFailed(reason);
              }
              actions.add(new Action.Stop(member.id(), reason));
            }
            case State.Lost _ -> remove(member);
            case State.Draining _ -> drain(member);
            case State.Preparing _, State.Starting _, State.InService _, State.Stopping _ -> {}
          }
        }
        int missing = variant.desiredCount() - alive.size();
        Failures failed = failures.get(variant.name());
        if (missing > 0 && failed != null && now.isBefore(failed.notBefore())) {
          lookAgain(failed.notBefore());
        } else {
          launch(fleet, variant, missing);
        }
        for (Member surplus : surplus(alive, -missing)) {
          remove(surplus);
        }
        isThere &= alive.stream().filter(Member::isInService).count() >= variant.desiredCount();
      }
      if (isScaling && isThere && transition == null) {
        transition = new Transition.Settled();
      }
    }

    void bake(long untilMillis) {
      Instant until = Instant.ofEpochMilli(untilMillis);
      if (now.isBefore(until)) {
        lookAgain(until);
      } else {
        transition = new Transition.Baked();
      }
    }

    void deleted() {
      if (others.isEmpty()) {
        transition = new Transition.Gone();
      }
    }

    /** Removes every instance that no desired fleet has claimed. */
    void removeOthers() {
      others.forEach(this::remove);
    }

    Plan plan() {
      return new Plan(actions, Optional.ofNullable(transition), Optional.ofNullable(lookAgainAt));
    }

    private List<Member> claim(long generation) {
      List<Member> mine =
          others.stream().filter(member -> member.id().generation() == generation).toList();
      others.removeAll(mine);
      return mine;
    }

    private void launch(Fleet fleet, Fleet.Variant variant, int count) {
      for (int i = 0; i < count; i++) {
        actions.add(new Action.Launch(fleet.generation(), variant.name()));
      }
    }

    private void remove(Member member) {
      switch (member.state()) {
        case State.Preparing _, State.Starting _ ->
            actions.add(new Action.Stop(member.id(), "no longer wanted"));
        case State.Failed(String reason) -> actions.add(new Action.Stop(member.id(), reason));
        case State.Lost(String reason) -> actions.add(new Action.Stop(member.id(), reason));
        case State.InService _ -> {
          actions.add(new Action.Drain(member.id()));
          lookAgain(now.plus(DRAIN_GRACE));
        }
        case State.Draining _ -> drain(member);
        case State.Stopping _ -> {}
      }
    }

    private void drain(Member member) {
      int inFlight = ((State.Draining) member.state()).inFlight();
      Instant quiet = member.since().plus(DRAIN_GRACE);
      Instant end = member.since().plus(DRAIN_TIMEOUT);
      if (!now.isBefore(end)) {
        actions.add(
            new Action.Stop(member.id(), "drain timed out with %d open".formatted(inFlight)));
      } else if (inFlight == 0 && !now.isBefore(quiet)) {
        actions.add(new Action.Stop(member.id(), "drained"));
      } else {
        lookAgain(inFlight == 0 ? quiet : now.plus(DRAIN_GRACE));
      }
    }

    private void lookAgain(Instant at) {
      if (lookAgainAt == null || at.isBefore(lookAgainAt)) {
        lookAgainAt = at;
      }
    }

    private static List<Member> alive(List<Member> members, String variant) {
      return members.stream()
          .filter(member -> member.id().variant().equals(variant) && member.isAlive())
          .toList();
    }

    /** Picks whom to let go: first those that don't serve yet, then the youngest. */
    private static List<Member> surplus(List<Member> alive, int count) {
      return alive.stream()
          .sorted(
              Comparator.comparing(Member::isInService)
                  .thenComparing(Member::since, Comparator.reverseOrder()))
          .limit(Math.max(0, count))
          .toList();
    }
  }
}
