package dev.berth.server;

import dev.berth.hosting.runtime.ContainerRuntime;
import dev.berth.hosting.runtime.RegistryCredentials;
import dev.berth.hosting.runtime.RegistryCredentials.Login;
import dev.berth.hosting.runtime.RegistryCredentials.UnavailableException;
import dev.berth.hosting.runtime.RoleEndpoint;
import dev.berth.identity.registry.CredentialsFunctions;
import dev.berth.runtime.docker.DockerAccess;
import dev.berth.runtime.docker.DockerConfig;
import dev.berth.runtime.docker.DockerRuntime;
import dev.berth.runtime.docker.EngineAddress;
import dev.berth.runtime.embedded.EmbeddedRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Which runtimes a server has. */
final class Runtimes {
  /** File with the identity of the data folder, which what runs on an engine is labelled with. */
  private static final String INSTALLATION = "installation";

  /** When the data folder's first container was to be made; absent while there was none. */
  private static final String USED = "containers.since";

  private Runtimes() {}

  /**
   * Returns the runtime that the settings name; {@code auto} is the embedded one for what it runs
   * and Docker for the rest.
   *
   * @param roles where containers get their role's credentials
   * @throws ConfigException when it is Docker and no engine is there
   */
  static ContainerRuntime of(
      ServerConfig config,
      Path data,
      Map<String, String> environment,
      RoleEndpoint roles,
      InstantSource clock) {
    if (config.runtime().equals("embedded")) {
      return embedded(config, clock);
    }
    EngineAddress engine = EngineAddress.of(environment);
    if (config.runtime().equals("docker")) {
      engine
          .obstacle()
          .ifPresent(obstacle -> {
            throw new ConfigException("runtime is 'docker', but " + obstacle);
          });
    }
    DockerRuntime docker =
        docker(
            DockerConfig.of(
                    engine, installation(data), config.region(), access(config.containers(), roles))
                .withModels(data.resolve("multi-model")),
            data,
            clock);
    return config.runtime().equals("docker")
        ? docker
        : new RuntimeChoice(List.of(embedded(config, clock), docker));
  }

  private static DockerRuntime docker(DockerConfig config, Path data, InstantSource clock) {
    Path used = data.resolve(USED);
    return Files.exists(used)
        ? new DockerRuntime(config, clock)
        : DockerRuntime.unused(config, clock, () -> keep(used, clock.instant() + "\n"));
  }

  private static EmbeddedRuntime embedded(ServerConfig config, InstantSource clock) {
    return config.multiModelMemoryBytes().isPresent()
        ? new EmbeddedRuntime(clock, config.multiModelMemoryBytes().getAsLong())
        : new EmbeddedRuntime(clock);
  }

  private static DockerAccess access(ContainerSettings settings, RoleEndpoint roles) {
    return new DockerAccess(
        settings.mirrors(),
        registries(new CredentialsFunctions(settings.functions())),
        settings.subnets(),
        Optional.of(roles));
  }

  private static RegistryCredentials registries(CredentialsFunctions functions) {
    return arn -> {
      try {
        CredentialsFunctions.Credentials credentials = functions.invoke(arn);
        return new Login(credentials.username(), credentials.password());
      } catch (CredentialsFunctions.FunctionException e) {
        throw new UnavailableException(e.reason());
      }
    };
  }

  /** Returns the data folder's identity, which it gets when it is first asked for. */
  static String installation(Path data) {
    Path file = data.resolve(INSTALLATION);
    try {
      if (Files.exists(file)) {
        return Files.readString(file).strip();
      }
      String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
      keep(file, id + "\n");
      return id;
    } catch (IOException e) {
      throw new UncheckedIOException("can't read the identity of the data folder in " + file, e);
    }
  }

  private static void keep(Path file, String text) {
    try {
      Path written = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text);
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("can't write " + file, e);
    }
  }
}
