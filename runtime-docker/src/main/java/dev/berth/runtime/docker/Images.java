package dev.berth.runtime.docker;

import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.RegistryCredentials.Login;
import dev.berth.hosting.runtime.RegistryCredentials.UnavailableException;
import dev.berth.hosting.runtime.ResolvedImage;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images on the engine. Those of AWS's registries are the local ones of that name where there are
 * any, else pulled, from a mirror where one is set, once for all who wait. Those of private
 * registries are pulled for each deployment, as only the registry says what a tag is and who may
 * have it.
 */
final class Images {
  private static final Logger log = LoggerFactory.getLogger(Images.class);

  private final Engine engine;
  private final DockerAccess access;
  private final Map<String, ReentrantLock> pulls = new ConcurrentHashMap<>();

  /**
   * An image that is on the engine.
   *
   * @param reference what to create containers of; it may be a mirror's name for it
   * @param resolved what it stands for
   */
  record Local(String reference, ResolvedImage resolved, Map<String, String> labels) {
    Local {
      labels = Map.copyOf(labels);
    }

    Local pinnedTo(ResolvedImage pin) {
      return new Local(reference, pin, labels);
    }
  }

  /** Why an image can't be had, and what to do about it. */
  static final class ImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String advice;

    ImageException(String reason, String advice) {
      super(reason);
      this.advice = advice;
    }

    String reason() {
      return String.valueOf(getMessage());
    }

    String advice() {
      return advice;
    }
  }

  Images(Engine engine, DockerAccess access) {
    this.engine = engine;
    this.access = access;
  }

  /**
   * Returns {@code image}, which is on the engine when this returns.
   *
   * @param progress told now and then, for people
   * @throws ImageException when it neither is there nor can be pulled
   * @throws EngineException.Unavailable when the engine doesn't answer
   */
  Local ensure(String image, RegistryAccess registry, Consumer<String> progress)
      throws InterruptedException {
    ImageName name = ImageName.of(image);
    String reference =
        name.digest().isEmpty() ? image : name.repository() + "@" + name.digest(); // it wins
    return switch (registry.mode()) {
      case PLATFORM -> platform(reference, progress);
      case VPC -> vpc(reference, registry.credentialsProviderArn(), progress);
    };
  }

  /**
   * Returns what {@code image} stood for when its deployment was made, wherever its tag is now.
   *
   * @throws ImageException when it neither is there nor can be pulled
   */
  Local ensure(String image, ResolvedImage pin, RegistryAccess registry, Consumer<String> progress)
      throws InterruptedException {
    Optional<Local> named = engine.image(image);
    if (named.isPresent() && isSame(named.get(), pin)) {
      return named.get().pinnedTo(pin);
    }
    Optional<Local> kept = pin.id().isEmpty() ? Optional.empty() : engine.image(pin.id());
    if (kept.isPresent()) {
      return kept.get().pinnedTo(pin);
    }
    if (pin.reference().startsWith("sha256:")) {
      throw new ImageException(
          "image '%s' can't be had: the deployment runs %s, which was only on this engine and was removed from it"
              .formatted(image, pin.reference()),
          "load it again, or deploy anew");
    }
    return ensure(pin.reference(), registry, progress).pinnedTo(pin);
  }

  private static boolean isSame(Local local, ResolvedImage pin) {
    return local.resolved().id().equals(pin.id())
        || local.resolved().reference().equals(pin.reference());
  }

  private Local platform(String image, Consumer<String> progress) throws InterruptedException {
    Optional<Local> local = engine.image(image);
    if (local.isPresent()) {
      return local.get();
    }
    Optional<String> mirror =
        access.mirrors().stream().flatMap(rule -> rule.of(image).stream()).findFirst();
    String source = mirror.orElse(image);
    ReentrantLock turn = turn(source);
    try {
      Optional<Local> there = engine.image(source);
      return there.isPresent() ? there.get() : pull(source, null, progress);
    } catch (EngineException.Refused e) {
      throw mirror.isEmpty()
          ? new ImageException(
              "image '%s' is not on the engine and can't be pulled: %s".formatted(image, e.text()),
              "build or load it on this machine, or 'docker tag' a local image with that name, or 'docker login' to its registry, or set a mirror of it in image-mirrors")
          : new ImageException(
              "image '%s' is not on the engine, and its mirror '%s' can't be pulled: %s"
                  .formatted(image, source, e.text()),
              "check image-mirrors in berth.yaml and push the image there, or 'docker tag' a local image with its name");
    } finally {
      turn.unlock();
    }
  }

  private Local vpc(String image, @Nullable String functionArn, Consumer<String> progress)
      throws InterruptedException {
    String registry = registry(image);
    ReentrantLock turn = turn(image);
    try {
      Login login = functionArn == null ? null : login(image, registry, functionArn);
      return pull(image, login, progress);
    } catch (EngineException.Refused e) {
      throw new ImageException(
          "image '%s' can't be pulled from registry '%s'%s: %s"
              .formatted(
                  image,
                  registry,
                  functionArn == null
                      ? " without credentials"
                      : " with what credentials function '%s' gave".formatted(functionArn),
                  e.text()),
          advice(registry, e.text()));
    } finally {
      turn.unlock();
    }
  }

  private Login login(String image, String registry, String functionArn)
      throws InterruptedException {
    try {
      return access.registries().login(functionArn);
    } catch (UnavailableException e) {
      throw new ImageException(
          "image '%s' can't be pulled from registry '%s', as credentials function '%s' %s"
              .formatted(image, registry, functionArn, e.reason()),
          "see to the function, or to registry-credentials in berth.yaml");
    }
  }

  private static String advice(String registry, String text) {
    if (text.contains("x509") || text.contains("certificate") || text.contains("tls:")) {
      return "have the engine trust it: put the CA of its certificate into /etc/docker/certs.d/%s/ca.crt"
          .formatted(registry);
    }
    if (text.contains("unauthorized")
        || text.contains("no basic auth")
        || text.contains("authentication")
        || text.contains("denied")) {
      return "check the user and the password, and what they may pull";
    }
    return "check that the registry can be reached from the engine and has the image";
  }

  private ReentrantLock turn(String image) throws InterruptedException {
    ReentrantLock turn = pulls.computeIfAbsent(image, _ -> new ReentrantLock());
    turn.lockInterruptibly();
    return turn;
  }

  private Local pull(String image, @Nullable Login login, Consumer<String> progress)
      throws InterruptedException {
    log.info("pulling image {}", image);
    engine.pull(image, Optional.ofNullable(login), progress);
    return engine
        .image(image)
        .orElseThrow(() ->
            new EngineException.Refused(
                404, "it is not there after the pull", new IllegalStateException(image)));
  }

  /**
   * Returns the host of an image's name, which has a dot or a colon or is localhost; Docker Hub
   * where it has none.
   */
  static String registry(String image) {
    int slash = image.indexOf('/');
    String first = slash < 0 ? "" : image.substring(0, slash);
    return first.contains(".") || first.contains(":") || first.equals("localhost")
        ? first
        : "docker.io";
  }
}
