package dev.berth.hosting.plan;

import dev.berth.hosting.runtime.RegistryAccess;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One container of a model.
 *
 * @param label {@code primary}, the hostname, or {@code container-1} …: in messages and logs
 * @param hostname {@code ContainerHostname} in a model of several containers
 * @param image as the model names it
 * @param registry how its image is pulled
 * @param isMultiModel whether {@code Mode} is {@code MultiModel}
 * @param keepsModels whether models stay loaded after use ({@code ModelCacheSetting}); means
 *     nothing unless {@code isMultiModel}
 * @param data what becomes {@code /opt/ml/model}, or where the models of a multi-model one are
 * @param additionalData by channel name
 */
public record ContainerPlan(
    String label,
    @Nullable String hostname,
    String image,
    RegistryAccess registry,
    boolean isMultiModel,
    boolean keepsModels,
    Map<String, String> environment,
    @Nullable DataPlan data,
    Map<String, DataPlan> additionalData) {
  public ContainerPlan {
    // Documents from before this was kept lack it.
    registry = Objects.requireNonNullElse(registry, RegistryAccess.PLATFORM);
    environment = Map.copyOf(environment);
    additionalData = Map.copyOf(additionalData);
  }
}
