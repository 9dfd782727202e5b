package dev.berth.runtime.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.CreateNetworkCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.PullImageCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.DeviceRequest;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Info;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.Network;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.Statistics;
import com.github.dockerjava.api.model.VolumeOptions;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.InvocationBuilder;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.berth.hosting.runtime.RegistryCredentials.Login;
import dev.berth.hosting.runtime.ResolvedImage;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The engine's API as far as we use it. Many threads at a time. Every call has a deadline, as a
 * unix socket has none of its own, and is seen to its end by an interrupted thread: whoever creates
 * something must learn its id. Only {@link #pull} ends early.
 */
final class Engine implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration PULL_LIMIT = Duration.ofHours(1);
  private static final int MAX_CONNECTIONS = 64;
  private static final Pattern MESSAGE =
      Pattern.compile("\\{\"message\":\"(.*)\"}", Pattern.DOTALL);

  private final URI address;
  private final DockerClient client;
  private volatile @Nullable Facts facts;

  /**
   * What does not change while an engine runs.
   *
   * @param version its version
   * @param cpus processors of the machine it runs on; 0 when it doesn't tell
   * @param memoryBytes memory of that machine; 0 when it doesn't tell
   * @param keepsJsonLogs whether containers log into files whose size can be bounded
   * @param groupDriver what makes containers' control groups, such as {@code cgroupfs}
   * @param isHere whether its networks may be this machine's: neither in a virtual machine nor in a
   *     namespace of its own
   */
  record Facts(
      String version,
      int cpus,
      long memoryBytes,
      boolean keepsJsonLogs,
      String groupDriver,
      boolean isHere) {}

  /**
   * A container to create.
   *
   * @param name unique on the engine
   * @param mounts target in the container to directory of this machine, mounted read-only
   * @param volumes targets to make as volumes, which carry the labels too and go with the
   *     container; they begin with what the image has there
   * @param network name of the network it is in
   * @param aliases names it is found under by its neighbours in that network
   * @param limits what it may use of the machine
   * @param controlGroup path of the group that its own is to be in, none for the engine's
   * @param publishedPort port of its own to give a port of this machine's loopback
   * @param isIsolated whether it is to have no way out of that network: no raw sockets, and its own
   *     loopback for a name server, as the engine would ask this machine's on its behalf
   */
  record Creation(
      String name,
      String image,
      @Nullable String hostname,
      Map<String, String> labels,
      Map<String, String> environment,
      Map<String, String> mounts,
      List<String> volumes,
      String network,
      List<String> aliases,
      Limits limits,
      Optional<String> controlGroup,
      OptionalInt publishedPort,
      boolean isIsolated) {}

  /**
   * A bridge network to create.
   *
   * @param name unique on the engine
   * @param isInternal whether nothing is forwarded out of it or into it
   * @param options of the engine's bridge driver
   * @param addresses empty for some that are free
   */
  record NetworkCreation(
      String name,
      Map<String, String> labels,
      boolean isInternal,
      Map<String, String> options,
      Optional<Addresses> addresses) {

    /** Returns the same with these addresses. */
    NetworkCreation of(Addresses own) {
      return new NetworkCreation(name, labels, isInternal, options, Optional.of(own));
    }
  }

  /** Subnet of a network in CIDR form, and the address in it that is the bridge's. */
  record Addresses(String subnet, String gateway) {}

  /** A labelled container, network or volume that the engine has. */
  record Labelled(String id, String name, Map<String, String> labels) {}

  Engine(URI address) {
    this.address = address;
    var config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(address.toString())
            .withDockerTlsVerify(false)
            .build();
    var http =
        new ZerodepDockerHttpClient.Builder()
            .dockerHost(address)
            .maxConnections(MAX_CONNECTIONS)
            .connectionTimeout(Duration.ofSeconds(5))
            .build();
    this.client = DockerClientImpl.getInstance(config, http);
  }

  URI address() {
    return address;
  }

  /** Returns the engine's facts; asks it the first time only. */
  Facts facts() {
    Facts known = facts;
    if (known == null) {
      known = call(Duration.ofSeconds(10), () -> facts(client.infoCmd().exec()));
      facts = known;
    }
    return known;
  }

  private static Facts facts(Info info) {
    List<String> security =
        info.getSecurityOptions() == null ? List.of() : info.getSecurityOptions();
    String system = String.valueOf(info.getOperatingSystem());
    Long memory = info.getMemTotal();
    return new Facts(
        String.valueOf(info.getServerVersion()),
        info.getNCPU() == null ? 0 : info.getNCPU(),
        memory == null ? 0 : memory,
        "json-file".equals(info.getLoggingDriver()),
        String.valueOf(info.getCGroupDriver()),
        !system.contains("Docker Desktop")
            && security.stream().noneMatch(option -> option.contains("rootless")));
  }

  /** Returns a local image; empty when it isn't here. */
  Optional<Images.Local> image(String name) {
    try {
      return Optional.of(call(LIMIT, () -> image(name, client.inspectImageCmd(name).exec())));
    } catch (EngineException.Refused e) {
      if (e.isMissing()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Images.Local image(String name, InspectImageResponse image) {
    List<String> digests = image.getRepoDigests() == null ? List.of() : image.getRepoDigests();
    var config = image.getConfig();
    Map<String, String> labels = config == null ? null : config.getLabels();
    String id = String.valueOf(image.getId());
    return new Images.Local(
        name,
        new ResolvedImage(
            ImageName.of(name).resolved(digests, id), id, Instant.now().toEpochMilli()),
        labels == null ? Map.of() : labels);
  }

  /**
   * Pulls an image.
   *
   * @param login for this pull; else the one that this user's Docker has for the registry, if any
   * @param progress told now and then, for people
   */
  void pull(String image, Optional<Login> login, Consumer<String> progress)
      throws InterruptedException {
    var pull = new PullProgress(progress);
    PullImageCmd command = client.pullImageCmd(PullProgress.withTag(image));
    login.ifPresent(known ->
        command.withAuthConfig(
            new AuthConfig()
                .withUsername(known.username())
                .withPassword(known.password())
                .withRegistryAddress(Images.registry(image))));
    // The call itself returns at once; what follows is the stream.
    call(LIMIT, () -> command.exec(pull));
    try (pull) {
      if (!pull.awaitCompletion(PULL_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new EngineException.Unavailable(
            "it was not there after " + Words.of(PULL_LIMIT), new TimeoutException());
      }
      pull.error()
          .ifPresent(error -> {
            throw new EngineException.Refused(404, error, new IOException(error));
          });
    } catch (DockerException e) {
      throw refused(e);
    } catch (IOException e) {
      throw unavailable(e);
    } catch (RuntimeException e) {
      throw translated(e);
    }
  }

  /** Creates a network and returns its id. */
  String createNetwork(NetworkCreation creation) {
    CreateNetworkCmd command =
        client
            .createNetworkCmd()
            .withName(creation.name())
            .withDriver("bridge")
            .withCheckDuplicate(true)
            .withInternal(creation.isInternal())
            .withOptions(creation.options())
            .withLabels(creation.labels());
    creation
        .addresses()
        .ifPresent(addresses ->
            command.withIpam(
                new Network.Ipam()
                    .withConfig(
                        new Network.Ipam.Config()
                            .withSubnet(addresses.subnet())
                            .withGateway(addresses.gateway()))));
    return call(LIMIT, () -> command.exec().getId());
  }

  /** Returns the network with this name; empty when there is none. */
  Optional<Labelled> network(String name) {
    return call(
        LIMIT,
        () ->
            client.listNetworksCmd().withNameFilter(name).exec().stream()
                .filter(network -> network.getName().equals(name)) // the filter takes parts too
                .findFirst()
                .map(Engine::labelled));
  }

  /** Connects a container with one more network. */
  void connect(String container, String network) {
    call(
        LIMIT,
        () -> {
          client.connectToNetworkCmd().withContainerId(container).withNetworkId(network).exec();
          return true;
        });
  }

  /** Creates a container, {@code serve} its only argument, and returns its id. */
  String create(Creation creation) {
    Facts engine = facts();
    var host =
        HostConfig.newHostConfig()
            .withNetworkMode(creation.network())
            // An init that the engine's settings put before the image's own would get the SIGTERM.
            .withInit(false)
            // Unlike a bind by name, a mount of a directory that is gone fails instead of making
            // it.
            .withMounts(mounts(creation));
    limit(host, creation.limits(), engine);
    creation.controlGroup().ifPresent(host::withCgroupParent);
    if (engine.keepsJsonLogs()) {
      host.withLogConfig(
          new LogConfig(
              LogConfig.LoggingType.JSON_FILE, Map.of("max-size", "10m", "max-file", "3")));
    }
    if (creation.isIsolated()) {
      host.withCapDrop(Capability.NET_RAW)
          .withDns("127.0.0.1")
          .withDnsOptions(List.of("timeout:1", "attempts:1")); // in vain, so soon
    }
    CreateContainerCmd command =
        client
            .createContainerCmd(creation.image())
            .withName(creation.name())
            .withCmd("serve")
            .withLabels(creation.labels())
            .withEnv(
                creation.environment().entrySet().stream()
                    .map(variable -> variable.getKey() + "=" + variable.getValue())
                    .toList())
            .withAliases(creation.aliases())
            .withHostConfig(host);
    creation
        .publishedPort()
        .ifPresent(number -> {
          var port = ExposedPort.tcp(number);
          host.withPortBindings(new PortBinding(Ports.Binding.bindIp("127.0.0.1"), port));
          command.withExposedPorts(port);
        });
    if (creation.hostname() != null) {
      command.withHostName(creation.hostname());
    }
    String id = call(LIMIT, () -> command.exec().getId());
    if (creation.limits().gpus() > 0) {
      checkGpus(id);
    }
    return id;
  }

  /** Podman takes a request for GPUs and forgets it. */
  private void checkGpus(String container) {
    var host = call(LIMIT, () -> client.inspectContainerCmd(container).exec().getHostConfig());
    if (host.getDeviceRequests() == null || host.getDeviceRequests().isEmpty()) {
      String text = "the engine at %s passes over requests for gpus".formatted(address);
      throw new EngineException.Refused(501, text, new IOException(text));
    }
  }

  /**
   * Creates a container like another one, in the same networks, and returns its id.
   *
   * @param labels beside those of the other
   * @param mounts target to directory of this machine, beside and in place of those of the other
   */
  String createLike(
      String original, String name, Map<String, String> labels, Map<String, String> mounts) {
    return call(
        LIMIT,
        () -> {
          InspectContainerResponse found = client.inspectContainerCmd(original).exec();
          ContainerConfig like = found.getConfig();
          HostConfig host = found.getHostConfig();
          List<Mount> kept = host.getMounts() == null ? List.of() : host.getMounts();
          var all = new ArrayList<Mount>(binds(mounts));
          kept.stream().filter(mount -> !mounts.containsKey(mount.getTarget())).forEach(all::add);
          var allLabels = new HashMap<>(like.getLabels() == null ? Map.of() : like.getLabels());
          allLabels.putAll(labels);
          CreateContainerCmd command =
              client
                  .createContainerCmd(String.valueOf(like.getImage()))
                  .withName(name)
                  .withCmd("serve")
                  .withLabels(allLabels)
                  .withEnv(List.of(like.getEnv() == null ? new String[0] : like.getEnv()))
                  .withHostConfig(host.withMounts(all));
          if (like.getExposedPorts() != null) {
            command.withExposedPorts(like.getExposedPorts());
          }
          String id = command.exec().getId();
          for (String network : found.getNetworkSettings().getNetworks().keySet()) {
            if (!network.equals(host.getNetworkMode())) {
              client.connectToNetworkCmd().withContainerId(id).withNetworkId(network).exec();
            }
          }
          return id;
        });
  }

  /**
   * What a container was made with.
   *
   * @param memoryBytes most that it may use; 0 for no limit
   */
  record Made(String name, Map<String, String> environment, long memoryBytes) {}

  Made made(String container) {
    return call(
        LIMIT,
        () -> {
          InspectContainerResponse found = client.inspectContainerCmd(container).exec();
          var environment = new HashMap<String, String>();
          String[] variables = found.getConfig().getEnv();
          for (String variable : variables == null ? new String[0] : variables) {
            int end = variable.indexOf('=');
            if (end > 0) {
              environment.put(variable.substring(0, end), variable.substring(end + 1));
            }
          }
          Long memory = found.getHostConfig().getMemory();
          return new Made(found.getName().substring(1), environment, memory == null ? 0 : memory);
        });
  }

  /**
   * Returns the memory that a container uses, without what the kernel would give back (as {@code
   * docker stats} has it); -1 when the engine doesn't tell.
   */
  long memoryBytes(String container) {
    try (var figures = new InvocationBuilder.AsyncResultCallback<Statistics>()) {
      return call(
          Duration.ofSeconds(5),
          () -> {
            // The first of a stream comes within a second; a single one takes two.
            client.statsCmd(container).exec(figures);
            return memoryBytes(figures.awaitResult());
          });
    } catch (EngineException | IOException e) {
      return -1;
    }
  }

  private static long memoryBytes(@Nullable Statistics figures) {
    var memory = figures == null ? null : figures.getMemoryStats();
    Long usage = memory == null ? null : memory.getUsage();
    var details = memory == null ? null : memory.getStats();
    if (usage == null || details == null) {
      return -1;
    }
    Long inactive =
        details.getInactiveFile() != null
            ? details.getInactiveFile()
            : details.getTotalInactiveFile();
    return Math.max(0, usage - (inactive == null ? 0 : inactive));
  }

  private static void limit(HostConfig host, Limits limits, Facts engine) {
    if (limits.cpus() > 0) {
      host.withNanoCPUs(limits.cpus() * 1_000_000_000L);
    }
    if (limits.memoryBytes() > 0) {
      // As much with swap as without: there is none on AWS, and a model in it answers nobody.
      host.withMemory(limits.memoryBytes()).withMemorySwap(limits.memoryBytes());
    }
    long sharedMemory = limits.sharedMemoryBytes(engine);
    if (sharedMemory > 0) {
      // Frameworks share tensors there; it takes no memory until it is written to.
      host.withShmSize(sharedMemory);
    }
    if (limits.gpus() > 0) {
      host.withDeviceRequests(
          List.of(
              new DeviceRequest()
                  .withCount(limits.gpus())
                  .withCapabilities(List.of(List.of("gpu")))));
    }
  }

  private static List<Mount> mounts(Creation creation) {
    var mounts = binds(creation.mounts());
    for (String target : creation.volumes()) {
      mounts.add(
          new Mount()
              .withType(MountType.VOLUME)
              .withTarget(target)
              .withVolumeOptions(new VolumeOptions().withLabels(creation.labels())));
    }
    return mounts;
  }

  private static List<Mount> binds(Map<String, String> directories) {
    var mounts = new ArrayList<Mount>();
    directories.forEach((target, source) ->
        mounts.add(
            new Mount()
                .withType(MountType.BIND)
                .withSource(source)
                .withTarget(target)
                .withReadOnly(true)));
    return mounts;
  }

  void start(String container) {
    call(
        LIMIT,
        () -> {
          client.startContainerCmd(container).exec();
          return true;
        });
  }

  /** Returns how a container is; empty when it is gone. */
  Optional<ContainerStatus> status(String container) {
    try {
      return Optional.of(call(LIMIT, () -> status(client.inspectContainerCmd(container).exec())));
    } catch (EngineException.Refused e) {
      if (e.isMissing()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static ContainerStatus status(InspectContainerResponse found) {
    var state = found.getState();
    var phase =
        Boolean.TRUE.equals(state.getRunning())
            ? ContainerStatus.Phase.RUNNING
            : "created".equals(state.getStatus())
                ? ContainerStatus.Phase.CREATED
                : ContainerStatus.Phase.ENDED;
    var addresses = new HashMap<String, String>();
    OptionalInt published = OptionalInt.empty();
    var settings = found.getNetworkSettings();
    if (settings != null) {
      if (settings.getNetworks() != null) {
        settings
            .getNetworks()
            .forEach((name, network) -> {
              String ip = network.getIpAddress();
              if (ip != null && !ip.isEmpty()) {
                addresses.put(name, ip);
              }
            });
      }
      published = published(settings.getPorts());
    }
    Long exitCode = state.getExitCodeLong();
    return new ContainerStatus(
        phase,
        exitCode == null ? 0 : exitCode,
        Boolean.TRUE.equals(state.getOOMKilled()),
        instant(state.getStartedAt()),
        addresses,
        published);
  }

  private static OptionalInt published(@Nullable Ports ports) {
    if (ports == null) {
      return OptionalInt.empty();
    }
    return ports.getBindings().values().stream()
        .filter(bindings -> bindings != null && bindings.length > 0)
        .mapToInt(bindings -> Integer.parseInt(bindings[0].getHostPortSpec()))
        .findFirst(); // no other is ever published
  }

  private static Instant instant(@Nullable String text) {
    try {
      Instant instant = text == null ? Instant.EPOCH : Instant.parse(text);
      return instant.isBefore(Instant.EPOCH) ? Instant.EPOCH : instant;
    } catch (DateTimeParseException _) {
      return Instant.EPOCH;
    }
  }

  /** Returns the last lines a container wrote, standard output and error together. */
  List<String> lastLines(String container, int count) {
    var text = new StringBuilder();
    return call(
        Duration.ofSeconds(10),
        () -> {
          var lines =
              new ResultCallback.Adapter<Frame>() {
                @Override
                public void onNext(Frame frame) {
                  text.append(new String(frame.getPayload(), StandardCharsets.UTF_8));
                }
              };
          client
              .logContainerCmd(container)
              .withStdOut(true)
              .withStdErr(true)
              .withTail(count)
              .exec(lines)
              .awaitCompletion();
          return text.toString().lines().filter(line -> !line.isBlank()).toList();
        });
  }

  /** Sends SIGTERM, waits, sends SIGKILL; returns when the container has ended. */
  void stop(String container, Duration grace) {
    ended(() ->
        call(
            grace.plus(LIMIT),
            () -> {
              client.stopContainerCmd(container).withTimeout((int) grace.toSeconds()).exec();
              return true;
            }));
  }

  /** Removes a container, and the volumes made with it, whether it runs or not. */
  void remove(String container) {
    ended(() ->
        call(
            LIMIT,
            () -> {
              client.removeContainerCmd(container).withForce(true).withRemoveVolumes(true).exec();
              return true;
            }));
  }

  void removeNetwork(String network) {
    ended(() ->
        call(
            LIMIT,
            () -> {
              client.removeNetworkCmd(network).exec();
              return true;
            }));
  }

  /** Runs what ends something; that it has ended already is as good. */
  private static void ended(Runnable command) {
    try {
      command.run();
    } catch (EngineException.Refused e) {
      if (!e.isMissing() && e.status() != 304) {
        throw e;
      }
    }
  }

  /** Returns the containers with all of these labels, those that have ended included. */
  List<Labelled> containers(Map<String, String> labels) {
    return call(
        LIMIT,
        () ->
            client.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec().stream()
                .map(Engine::labelled)
                .toList());
  }

  private static Labelled labelled(Container container) {
    String[] names = container.getNames();
    return new Labelled(
        container.getId(),
        names == null || names.length == 0 ? container.getId() : names[0].substring(1),
        container.getLabels() == null ? Map.of() : container.getLabels());
  }

  /** Returns the networks with this label. */
  List<Labelled> networks(String label, String value) {
    return call(
        LIMIT,
        () ->
            client
                .listNetworksCmd()
                .withFilter("label", List.of(label + "=" + value))
                .exec()
                .stream()
                .map(Engine::labelled)
                .toList());
  }

  void removeVolume(String volume) {
    ended(() ->
        call(
            LIMIT,
            () -> {
              client.removeVolumeCmd(volume).exec();
              return true;
            }));
  }

  /** Returns the volumes with this label. */
  List<Labelled> volumes(String label, String value) {
    return call(
        LIMIT,
        () -> {
          var volumes =
              client
                  .listVolumesCmd()
                  .withFilter("label", List.of(label + "=" + value))
                  .exec()
                  .getVolumes();
          return volumes == null
              ? List.<Labelled>of()
              : volumes.stream()
                  .map(volume ->
                      new Labelled(
                          volume.getName(),
                          volume.getName(),
                          volume.getLabels() == null ? Map.of() : volume.getLabels()))
                  .toList();
        });
  }

  private static Labelled labelled(Network network) {
    return new Labelled(
        network.getId(),
        network.getName(),
        network.getLabels() == null ? Map.of() : network.getLabels());
  }

  /**
   * Tells of containers with this label that end, until it is closed or the engine goes.
   *
   * @param ended called with a container's id, on a thread of the client
   * @param over called once when nothing more is told
   */
  Closeable watchEnds(String label, String value, Consumer<String> ended, Runnable over) {
    var events =
        new ResultCallback.Adapter<Event>() {
          @Override
          public void onNext(Event event) {
            String id = event.getId();
            if (id != null) {
              ended.accept(id);
            }
          }

          @Override
          public void onError(Throwable failure) {
            super.onError(failure);
            over.run();
          }

          @Override
          public void onComplete() {
            super.onComplete();
            over.run();
          }
        };
    return call(
        LIMIT,
        () ->
            client
                .eventsCmd()
                .withEventFilter("die")
                .withLabelFilter(Map.of(label, value))
                .exec(events));
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      throw unavailable(e);
    }
  }

  private <T> T call(Duration limit, Callable<T> command) {
    var answer = new FutureTask<T>(command);
    Thread.ofVirtual().name("docker").start(answer);
    long end = System.nanoTime() + limit.toNanos();
    boolean isInterrupted = false;
    try {
      while (true) {
        try {
          return answer.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          isInterrupted = true;
        }
      }
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new EngineException.Unavailable(
          "the container engine at %s did not answer within %s".formatted(address, Words.of(limit)),
          e);
    } catch (ExecutionException e) {
      throw translated(e.getCause() == null ? e : e.getCause());
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private RuntimeException translated(Throwable failure) {
    return switch (failure) {
      case EngineException known -> known;
      case DockerException refused -> refused(refused);
      case RuntimeException wrapping when wrapping.getCause() instanceof IOException io ->
          unavailable(io);
      case RuntimeException other -> other;
      default -> unavailable(failure);
    };
  }

  private static EngineException refused(DockerException e) {
    String text = String.valueOf(e.getMessage());
    Matcher message = MESSAGE.matcher(text);
    return new EngineException.Refused(
        e.getHttpStatus(),
        (message.find() ? message.group(1) : text).replace("\\\"", "\"").strip(),
        e);
  }

  private EngineException unavailable(Throwable e) {
    return new EngineException.Unavailable(
        "the container engine at %s does not answer (%s)"
            .formatted(address, e.getMessage() == null ? e : e.getMessage()),
        e);
  }
}
