package dev.berth.runtime.docker;

import static dev.berth.runtime.docker.TestEngine.awaitFailure;
import static dev.berth.runtime.docker.TestEngine.awaitInService;
import static dev.berth.runtime.docker.TestEngine.invoke;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.berth.hosting.runtime.ContainerSpec;
import dev.berth.hosting.runtime.InstanceId;
import dev.berth.hosting.runtime.InstanceSpec;
import dev.berth.hosting.runtime.Owner;
import dev.berth.hosting.runtime.RegistryAccess;
import dev.berth.hosting.runtime.RegistryCredentials;
import dev.berth.hosting.runtime.RegistryCredentials.Login;
import dev.berth.hosting.runtime.RegistryCredentials.UnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images from registries: a private one that asks for credentials, and a mirror of ECR. */
class RegistryTest {
  private static final InstanceId BLUE = id("blue", "0");
  private static final InstanceId GREEN = id("green", "1");
  private static final String FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:Creds";
  private static final String PASSWORD = UUID.randomUUID().toString();
  private static final String ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/";

  @TempDir private static Path privateFolder;
  @TempDir private static Path openFolder;
  private static DockerClient docker;
  private static PrivateRegistry registry;
  private static PrivateRegistry mirror;
  private static String digest;

  private final String installation = TestEngine.newInstallation();
  private final AtomicInteger asked = new AtomicInteger();
  private DockerRuntime runtime;

  @BeforeAll
  static void fillRegistries() throws IOException, InterruptedException {
    docker = TestEngine.require();
    registry = PrivateRegistry.startPrivate(privateFolder, PASSWORD);
    registry.beTrusted();
    digest = registry.push(docker, TestEngine.SERVER, "team/shop:1");
    mirror = PrivateRegistry.startOpen(openFolder);
    mirror.push(docker, TestEngine.SERVER, "ecr/eu-west-1/team/shop:1");
  }

  @AfterAll
  static void stopRegistries() throws IOException {
    if (mirror != null) {
      mirror.close();
    }
    if (registry != null) {
      registry.close();
    }
  }

  @AfterEach
  void nothingIsLeftOnTheEngine() {
    TestEngine.clear(runtime, installation);
    runtime.close();
    forget(registry.host() + "/team/shop:1");
    forget(registry.host() + "/team/shop@" + digest);
    forget(mirror.host() + "/ecr/eu-west-1/team/shop:1");
  }

  private static void forget(String image) {
    try {
      docker.removeImageCmd(image).exec();
    } catch (NotFoundException _) {
      // was not pulled
    }
  }

  @Test
  void the_function_is_asked_before_every_pull_and_what_it_says_is_used() throws Exception {
    open(() -> new Login(PrivateRegistry.USER, PASSWORD));
    start(BLUE, "team/shop:1", FUNCTION);
    start(GREEN, "team/shop:1", FUNCTION);

    assertThat(invoke(runtime, GREEN, "hello")).isEqualTo("hello");
    assertThat(asked).hasValue(2);
  }

  @Test
  void a_digest_is_pulled_whatever_the_tag_beside_it() throws Exception {
    open(() -> new Login(PrivateRegistry.USER, PASSWORD));
    start(BLUE, "team/shop:other@" + digest, FUNCTION);

    assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
  }

  @Test
  void wrong_credentials_are_told_with_function_and_registry_and_without_the_password() {
    open(() -> new Login(PrivateRegistry.USER, "wr0ng-" + PASSWORD));

    assertThat(failure("team/shop:1", FUNCTION))
        .contains("'" + registry.host() + "'", "'" + FUNCTION + "'", "unauthorized", "Advice")
        .doesNotContain(PASSWORD);
  }

  @Test
  void no_credentials_are_told() {
    open(() -> new Login(PrivateRegistry.USER, PASSWORD));

    assertThat(failure("team/shop:1", null))
        .contains("'" + registry.host() + "' without credentials", "no basic auth credentials");
    assertThat(asked).hasValue(0);
  }

  @Test
  void a_function_that_gives_none_is_told() {
    open(() -> {
      throw new UnavailableException("did not answer within 10000 ms");
    });

    assertThat(failure("team/shop:1", FUNCTION))
        .contains(
            "from registry '" + registry.host() + "'",
            "as credentials function '" + FUNCTION + "' did not answer within 10000 ms");
  }

  @Test
  void an_image_that_the_registry_has_not_is_told() {
    open(() -> new Login(PrivateRegistry.USER, PASSWORD));

    assertThat(failure("team/nothing:1", FUNCTION))
        .contains("'" + registry.host() + "/team/nothing:1'", "not found");
  }

  @Test
  void a_certificate_of_nobody_the_engine_knows_is_told(@TempDir Path folder) throws Exception {
    try (var unknown = PrivateRegistry.startPrivate(folder, PASSWORD)) {
      open(() -> new Login(PrivateRegistry.USER, PASSWORD));
      runtime.start(spec(BLUE, unknown.host() + "/team/shop:1", vpc(FUNCTION)));

      assertThat(awaitFailure(runtime, BLUE))
          .contains("x509", "/etc/docker/certs.d/" + unknown.host() + "/ca.crt");
    }
  }

  @Test
  void an_ecr_image_comes_from_its_mirror() throws Exception {
    open(RegistryTest::nobody);
    start(BLUE, ECR + "team/shop:1");

    assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
  }

  @Test
  void a_local_tag_goes_before_the_mirror() throws Exception {
    String image = ECR + "team/local";
    docker.tagImageCmd(TestEngine.SERVER, image, "1").exec();
    try {
      open(RegistryTest::nobody);
      start(BLUE, image + ":1");

      assertThat(invoke(runtime, BLUE, "hello")).isEqualTo("hello");
    } finally {
      TestEngine.clear(runtime, installation);
      forget(image + ":1");
    }
  }

  @Test
  void an_image_that_the_mirror_has_not_is_told_by_both_names() {
    open(RegistryTest::nobody);
    runtime.start(spec(BLUE, ECR + "team/nothing:1", RegistryAccess.PLATFORM));

    assertThat(awaitFailure(runtime, BLUE))
        .contains(
            "'" + ECR + "team/nothing:1'",
            "'" + mirror.host() + "/ecr/eu-west-1/team/nothing:1'",
            "image-mirrors");
  }

  private static Login nobody() {
    throw new AssertionError("nobody asks a function for an ECR image");
  }

  /** What a credentials function does. */
  @FunctionalInterface
  private interface Function {
    Login answer() throws UnavailableException;
  }

  private void open(Function function) {
    RegistryCredentials credentials =
        arn -> {
          assertThat(arn).isEqualTo(FUNCTION);
          asked.incrementAndGet();
          return function.answer();
        };
    var rule = new ImageMirror("*.dkr.ecr.*.amazonaws.com/**", mirror.host() + "/ecr/$2/$3");
    runtime =
        TestEngine.runtime(
            installation,
            new DockerAccess(List.of(rule), credentials, Map.of(), Optional.empty()),
            new IsolationGuard());
  }

  private void start(InstanceId id, String image, String function) {
    runtime.start(spec(id, registry.host() + "/" + image, vpc(function)));
    awaitInService(runtime, id);
  }

  private void start(InstanceId id, String image) {
    runtime.start(spec(id, image, RegistryAccess.PLATFORM));
    awaitInService(runtime, id);
  }

  private String failure(String image, String function) {
    runtime.start(spec(BLUE, registry.host() + "/" + image, vpc(function)));
    return awaitFailure(runtime, BLUE);
  }

  private static RegistryAccess vpc(String function) {
    return new RegistryAccess(RegistryAccess.Mode.VPC, function);
  }

  private static InstanceSpec spec(InstanceId id, String image, RegistryAccess access) {
    ContainerSpec plain = TestEngine.container(image, Map.of(), Optional.empty(), Map.of());
    return TestEngine.spec(
        id,
        Duration.ofSeconds(20),
        new ContainerSpec(
            plain.name(),
            plain.hostname(),
            image,
            access,
            plain.multiModel(),
            plain.environment(),
            plain.modelDirectory(),
            plain.additionalModelDirectories()));
  }

  private static InstanceId id(String variant, String digit) {
    return new InstanceId(Owner.endpoint("ep-1"), 1, variant, "i-0123456789abcdef" + digit);
  }
}
