package dev.berth.hosting.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.berth.hosting.runtime.Capability;
import dev.berth.hosting.runtime.InstanceSpec.ExecutionMode;
import dev.berth.hosting.runtime.NetworkSpec;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model as its instances run it. Stored as JSON in the documents of what uses it.
 *
 * @param modelName name of the model resource
 * @param containers one to fifteen, in the order a request passes through them
 * @param isDirect whether each request goes to one named container instead of through all
 * @param needs capabilities it asks of a runtime
 * @param network whom its containers may talk to
 * @param executionRoleArn role whose credentials its containers get, when the model names one
 */
public record ModelPlan(
    String modelName,
    List<ContainerPlan> containers,
    boolean isDirect,
    Set<Capability> needs,
    NetworkSpec network,
    @Nullable String executionRoleArn) {
  public ModelPlan {
    containers = List.copyOf(containers);
    needs = Set.copyOf(needs);
    // Documents from before this was kept lack it.
    network = Objects.requireNonNullElse(network, NetworkSpec.UNRESTRICTED);
  }

  /** Returns this plan with one more capability needed. */
  public ModelPlan needing(Capability capability) {
    var all = EnumSet.of(capability);
    all.addAll(needs);
    return new ModelPlan(modelName, containers, isDirect, all, network, executionRoleArn);
  }

  @JsonIgnore
  public ExecutionMode executionMode() {
    return isDirect ? ExecutionMode.DIRECT : ExecutionMode.SERIAL;
  }
}
