package dev.berth.runtime.embedded;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.testing.ContainerRuntimeContract;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;

/** The contract with instances of two containers. */
class EmbeddedPipelineContractTest extends ContainerRuntimeContract {

  @Override
  protected ContainerRuntime open() {
    return new EmbeddedRuntime(InstantSource.system());
  }

  @Override
  protected InstanceSpec healthy(InstanceId id) {
    return Specs.of(
        id,
        Specs.named("first", "berth/onnx", Fixtures.onnx("mlp")),
        Specs.named("second", "berth/onnx", Fixtures.onnx("mlp")));
  }

  @Override
  protected InstanceSpec broken(InstanceId id) {
    return Specs.of(
        id,
        Specs.named("first", "berth/onnx", Fixtures.onnx("mlp")),
        Specs.named("second", "berth/onnx", Path.of("no", "such", "directory")));
  }

  @Override
  protected Optional<String> foreignImage() {
    return Optional.of("nginx:latest");
  }
}
