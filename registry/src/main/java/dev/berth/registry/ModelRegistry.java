package dev.berth.registry;

import dev.berth.hosting.model.ModelPackages;
import dev.berth.hosting.resource.Arns;
import dev.berth.store.Store;
import java.time.InstantSource;

/**
 * All that a model registry does.
 *
 * @param deployable what CreateModel asks for
 */
public record ModelRegistry(
    ModelPackageGroupOperations groups,
    GroupPolicyOperations policies,
    ModelPackageOperations packages,
    ModelPackageLists lists,
    ModelPackages deployable) {

  /** Returns the registry that is kept in {@code store}. */
  public static ModelRegistry of(Store store, Arns arns, InstantSource clock) {
    return new ModelRegistry(
        new ModelPackageGroupOperations(store, arns, clock),
        new GroupPolicyOperations(store, arns, clock),
        new ModelPackageOperations(store, arns, clock),
        new ModelPackageLists(store, arns),
        new ApprovedPackages(store, arns));
  }
}
