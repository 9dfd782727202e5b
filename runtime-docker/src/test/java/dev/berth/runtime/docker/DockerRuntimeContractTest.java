package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.testing.ContainerRuntimeContract;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

class DockerRuntimeContractTest extends ContainerRuntimeContract {
  private final String installation = TestEngine.newInstallation();
  private ContainerRuntime runtime;

  @BeforeAll
  static void requireEngine() throws IOException, InterruptedException {
    TestEngine.require();
  }

  @AfterEach
  void nothing_is_left_on_the_engine() {
    TestEngine.clear(runtime, installation);
  }

  @Override
  protected ContainerRuntime open() {
    runtime = TestEngine.runtime(installation);
    return runtime;
  }

  @Override
  protected InstanceSpec healthy(InstanceId id) {
    return TestEngine.spec(id, Duration.ofSeconds(20), Map.of());
  }

  @Override
  protected InstanceSpec broken(InstanceId id) {
    return TestEngine.spec(id, Duration.ofMillis(500), Map.of("PING", "500"));
  }

  @Override
  protected Optional<String> foreignImage() {
    return Optional.empty();
  }
}
