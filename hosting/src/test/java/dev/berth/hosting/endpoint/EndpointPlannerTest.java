package dev.berth.hosting.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.hosting.endpoint.EndpointPlanner.Failures;
import dev.berth.hosting.endpoint.Member.State;
import dev.berth.hosting.endpoint.Plan.Action;
import dev.berth.hosting.endpoint.Plan.Transition;
import dev.berth.hosting.plan.ModelPlan;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.NetworkSpec;
import dev.berth.hosting.runtime.Owner;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EndpointPlannerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private final EndpointPlanner planner = new EndpointPlanner();

  @Test
  void a_new_endpoint_launches_every_instance_of_its_fleet() {
    assertThat(plan(EndpointStatus.CREATING, pending(fleet(1, 2, 0, 0))))
        .isEqualTo(
            new Plan(
                List.of(new Action.Launch(1, "v"), new Action.Launch(1, "v")),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void a_new_endpoint_waits_while_one_instance_is_not_yet_healthy() {
    Plan plan =
        plan(
            EndpointStatus.CREATING,
            pending(fleet(1, 2, 0, 0)),
            member(1, "a", new State.InService()),
            member(1, "b", new State.Starting("loading")));
    assertThat(plan).isEqualTo(new Plan(List.of(), Optional.empty(), Optional.empty()));
  }

  @Test
  void a_new_endpoint_comes_in_service_when_all_its_instances_are_healthy() {
    Plan plan =
        plan(
            EndpointStatus.CREATING,
            pending(fleet(1, 1, 0, 0)),
            member(1, "a", new State.InService()));
    assertThat(plan.transition()).contains(new Transition.Promoted());
  }

  @Test
  void one_failed_instance_fails_a_new_endpoint_and_all_its_instances_go() {
    Plan plan =
        plan(
            EndpointStatus.CREATING,
            pending(fleet(1, 2, 0, 0)),
            member(1, "a", new State.Failed("no such file")),
            member(1, "b", new State.Starting("loading")));
    assertThat(plan)
        .isEqualTo(
            new Plan(
                List.of(
                    new Action.Stop(id(1, "a"), "no such file"),
                    new Action.Stop(id(1, "b"), "no longer wanted")),
                Optional.of(new Transition.DeploymentFailed("no such file")),
                Optional.empty()));
  }

  @Test
  void an_update_launches_the_new_fleet_and_leaves_the_old_one_alone() {
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            updating(fleet(1, 1, 0, 0), fleet(2, 1, 0, 0)),
            member(1, "old", new State.InService()));
    assertThat(plan)
        .isEqualTo(
            new Plan(List.of(new Action.Launch(2, "v")), Optional.empty(), Optional.empty()));
  }

  @Test
  void an_update_moves_the_traffic_only_when_the_whole_new_fleet_is_healthy() {
    EndpointDocument document = updating(fleet(1, 1, 0, 0), fleet(2, 2, 0, 0));
    Plan half =
        plan(
            EndpointStatus.UPDATING,
            document,
            member(1, "old", new State.InService()),
            member(2, "a", new State.InService()),
            member(2, "b", new State.Starting("loading")));
    Plan whole =
        plan(
            EndpointStatus.UPDATING,
            document,
            member(1, "old", new State.InService()),
            member(2, "a", new State.InService()),
            member(2, "b", new State.InService()));
    assertThat(half.transition()).isEmpty();
    assertThat(whole.transition()).contains(new Transition.Promoted());
  }

  @Test
  void a_failed_update_removes_the_new_fleet_and_keeps_the_old_one() {
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            updating(fleet(1, 1, 0, 0), fleet(2, 1, 0, 0)),
            member(1, "old", new State.InService()),
            member(2, "new", new State.Failed("broken")));
    assertThat(plan)
        .isEqualTo(
            new Plan(
                List.of(new Action.Stop(id(2, "new"), "broken")),
                Optional.of(new Transition.DeploymentFailed("broken")),
                Optional.empty()));
  }

  @Test
  void an_update_that_outlasts_its_maximum_fails() {
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            updating(fleet(1, 1, 0, 0), fleet(2, 1, 600, 0)),
            member(1, "old", new State.InService()),
            member(2, "new", new State.Starting("loading")));
    assertThat(plan.transition()).isEmpty();
    assertThat(plan.lookAgainAt()).contains(NOW.plusSeconds(600));
    Plan late =
        planner.plan(
            EndpointStatus.UPDATING,
            updating(fleet(1, 1, 0, 0), fleet(2, 1, 600, 0)),
            List.of(member(1, "old", new State.InService())),
            Map.of(),
            NOW.plusSeconds(600));
    assertThat(late.transition())
        .contains(
            new Transition.DeploymentFailed(
                "The deployment did not finish within MaximumExecutionTimeoutInSeconds (600)."));
  }

  @Test
  void the_old_fleet_drains_before_it_stops() {
    EndpointDocument document = active(fleet(2, 1, 0, 0));
    Member current = member(2, "new", new State.InService());
    assertThat(
            plan(
                EndpointStatus.IN_SERVICE,
                document,
                current,
                member(1, "old", new State.InService())))
        .isEqualTo(
            new Plan(
                List.of(new Action.Drain(id(1, "old"))),
                Optional.empty(),
                Optional.of(NOW.plus(EndpointPlanner.DRAIN_GRACE))));
    assertThat(
            plan(
                    EndpointStatus.IN_SERVICE,
                    document,
                    current,
                    member(1, "old", new State.Draining(3), NOW.minusSeconds(5)))
                .actions())
        .isEmpty();
    assertThat(
            plan(
                    EndpointStatus.IN_SERVICE,
                    document,
                    current,
                    member(1, "old", new State.Draining(0), NOW.minusSeconds(5)))
                .actions())
        .containsExactly(new Action.Stop(id(1, "old"), "drained"));
  }

  @Test
  void an_instance_that_does_not_drain_is_stopped_after_the_drain_timeout() {
    Instant since = NOW.minus(EndpointPlanner.DRAIN_TIMEOUT);
    Plan plan =
        plan(
            EndpointStatus.IN_SERVICE,
            active(fleet(2, 1, 0, 0)),
            member(2, "new", new State.InService()),
            member(1, "old", new State.Draining(1), since));
    assertThat(plan.actions())
        .containsExactly(new Action.Stop(id(1, "old"), "drain timed out with 1 open"));
  }

  @Test
  void the_fleet_before_is_kept_for_the_termination_wait() {
    var document =
        new EndpointDocument(
            2,
            fleet(2, 1, 0, 0),
            null,
            fleet(1, 1, 0, 0),
            NOW.plusSeconds(30).toEpochMilli(),
            null,
            null,
            null);
    Member old = member(1, "old", new State.InService());
    Member current = member(2, "new", new State.InService());
    assertThat(plan(EndpointStatus.UPDATING, document, old, current))
        .isEqualTo(new Plan(List.of(), Optional.empty(), Optional.of(NOW.plusSeconds(30))));
    assertThat(
            planner
                .plan(
                    EndpointStatus.UPDATING,
                    document,
                    List.of(old, current),
                    Map.of(),
                    NOW.plusSeconds(30))
                .transition())
        .contains(new Transition.Baked());
  }

  @Test
  void a_dead_instance_of_a_serving_fleet_is_removed_and_replaced() {
    Plan plan =
        plan(
            EndpointStatus.IN_SERVICE,
            active(fleet(1, 1, 0, 0)),
            member(1, "dead", new State.Failed("exit code 137")));
    assertThat(plan.actions())
        .containsExactlyInAnyOrder(
            new Action.Stop(id(1, "dead"), "exit code 137"), new Action.Launch(1, "v"));
  }

  @Test
  void an_instance_that_keeps_failing_is_replaced_after_growing_pauses() {
    var failures = Map.of("v", new Failures(3, NOW.minusSeconds(1)));
    Plan early =
        planner.plan(
            EndpointStatus.IN_SERVICE, active(fleet(1, 1, 0, 0)), List.of(), failures, NOW);
    assertThat(early)
        .isEqualTo(new Plan(List.of(), Optional.empty(), Optional.of(NOW.plusSeconds(3))));
    Plan later =
        planner.plan(
            EndpointStatus.IN_SERVICE,
            active(fleet(1, 1, 0, 0)),
            List.of(),
            failures,
            NOW.plusSeconds(3));
    assertThat(later.actions()).containsExactly(new Action.Launch(1, "v"));
  }

  @Test
  void an_instance_lost_while_no_berth_was_there_fails_neither_a_new_endpoint_nor_an_update() {
    Plan creating =
        plan(
            EndpointStatus.CREATING,
            pending(fleet(1, 2, 0, 0)),
            member(1, "a", new State.InService()),
            member(1, "b", new State.Lost("exit code 137")));
    assertThat(creating)
        .isEqualTo(
            new Plan(
                List.of(new Action.Stop(id(1, "b"), "exit code 137"), new Action.Launch(1, "v")),
                Optional.empty(),
                Optional.empty()));
    Plan updating =
        plan(
            EndpointStatus.UPDATING,
            updating(fleet(1, 1, 0, 0), fleet(2, 1, 0, 0)),
            member(1, "old", new State.InService()),
            member(2, "new", new State.Lost("exit code 137")));
    assertThat(updating)
        .isEqualTo(
            new Plan(
                List.of(new Action.Stop(id(2, "new"), "exit code 137"), new Action.Launch(2, "v")),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void an_instance_lost_while_no_berth_was_there_does_not_end_a_scaling_out() {
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            active(scaling(1, 2)),
            member(1, "a", new State.InService()),
            member(1, "b", new State.Lost("exit code 137")));
    assertThat(plan)
        .isEqualTo(
            new Plan(
                List.of(new Action.Stop(id(1, "b"), "exit code 137"), new Action.Launch(1, "v")),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void an_instance_lost_from_a_serving_fleet_is_removed_and_replaced_while_the_other_serves() {
    Plan plan =
        plan(
            EndpointStatus.IN_SERVICE,
            active(fleet(1, 2, 0, 0)),
            member(1, "a", new State.InService()),
            member(1, "b", new State.Lost("exit code 137")));
    assertThat(plan)
        .isEqualTo(
            new Plan(
                List.of(new Action.Stop(id(1, "b"), "exit code 137"), new Action.Launch(1, "v")),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void after_a_restart_a_serving_endpoint_launches_its_fleet_again() {
    assertThat(plan(EndpointStatus.IN_SERVICE, active(fleet(3, 2, 0, 0))).actions())
        .containsExactly(new Action.Launch(3, "v"), new Action.Launch(3, "v"));
  }

  @Test
  void scaling_in_drains_the_youngest_instance() {
    Fleet fleet = scaling(2, 1);
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            active(fleet),
            member(1, "elder", new State.InService(), NOW.minusSeconds(60)),
            member(1, "younger", new State.InService(), NOW.minusSeconds(1)));
    assertThat(plan.actions()).containsExactly(new Action.Drain(id(1, "younger")));
    assertThat(plan.transition()).contains(new Transition.Settled());
  }

  @Test
  void scaling_out_settles_when_the_new_instance_is_healthy() {
    Fleet fleet = scaling(1, 2);
    Member first = member(1, "a", new State.InService());
    assertThat(plan(EndpointStatus.UPDATING, active(fleet), first))
        .isEqualTo(
            new Plan(List.of(new Action.Launch(1, "v")), Optional.empty(), Optional.empty()));
    assertThat(
            plan(
                    EndpointStatus.UPDATING,
                    active(fleet),
                    first,
                    member(1, "b", new State.InService()))
                .transition())
        .contains(new Transition.Settled());
  }

  @Test
  void scaling_out_that_fails_goes_back_to_what_was() {
    Plan plan =
        plan(
            EndpointStatus.UPDATING,
            active(scaling(1, 2)),
            member(1, "a", new State.InService()),
            member(1, "b", new State.Failed("out of memory")));
    assertThat(plan.transition()).contains(new Transition.ScalingFailed("out of memory"));
  }

  @Test
  void a_deleted_endpoint_is_gone_only_when_its_last_instance_is() {
    EndpointDocument document = active(fleet(1, 1, 0, 0));
    Plan first = plan(EndpointStatus.DELETING, document, member(1, "a", new State.InService()));
    assertThat(first.actions()).containsExactly(new Action.Drain(id(1, "a")));
    assertThat(first.transition()).isEmpty();
    Plan stopping = plan(EndpointStatus.DELETING, document, member(1, "a", new State.Stopping()));
    assertThat(stopping).isEqualTo(new Plan(List.of(), Optional.empty(), Optional.empty()));
    assertThat(plan(EndpointStatus.DELETING, document).transition())
        .contains(new Transition.Gone());
  }

  @Test
  void a_failed_endpoint_keeps_no_instances() {
    Plan plan =
        plan(
            EndpointStatus.FAILED,
            new EndpointDocument(1, null, null, null, 0, "broken", "c", null),
            member(1, "a", new State.Preparing("staging", 1, 2)));
    assertThat(plan.actions()).containsExactly(new Action.Stop(id(1, "a"), "no longer wanted"));
  }

  private Plan plan(EndpointStatus status, EndpointDocument document, Member... members) {
    return planner.plan(status, document, List.of(members), Map.of(), NOW);
  }

  private static EndpointDocument pending(Fleet fleet) {
    return EndpointDocument.creating(fleet, null);
  }

  private static EndpointDocument active(Fleet fleet) {
    return pending(fleet).promoted(0);
  }

  private static EndpointDocument updating(Fleet old, Fleet next) {
    return active(old).updating(next, null);
  }

  private static Fleet scaling(int from, int to) {
    Fleet fleet = fleet(1, from, 0, 0);
    return fleet.withVariants(
        fleet.variants().stream().map(variant -> variant.desiring(1, to)).toList());
  }

  private static Fleet fleet(long generation, int count, int maximum, int wait) {
    var model = new ModelPlan("m", List.of(), false, Set.of(), NetworkSpec.UNRESTRICTED, null);
    var variant =
        new Fleet.Variant(
            "v", 1, 1, count, count, "ml.m5.large", 60, 60, "RANDOM", model, List.of());
    return new Fleet(
        generation, "c", "{}", List.of(variant), Set.of(), NOW.toEpochMilli(), maximum, wait);
  }

  private static InstanceId id(long generation, String instance) {
    return new InstanceId(Owner.endpoint("e"), generation, "v", instance);
  }

  private static Member member(long generation, String instance, State state) {
    return member(generation, instance, state, NOW.minusSeconds(10));
  }

  private static Member member(long generation, String instance, State state, Instant since) {
    return new Member(id(generation, instance), state, since);
  }
}
