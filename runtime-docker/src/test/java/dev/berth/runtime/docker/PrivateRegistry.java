package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.PushResponseItem;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A registry (Debian's docker-registry). A private one asks for a user and a password (htpasswd)
 * over TLS with a certificate of its own CA; it is at an address that isn't loopback's, as engines
 * don't check certificates there.
 */
final class PrivateRegistry implements AutoCloseable {
  static final String USER = "berth-user";
  private static final Path CERTIFICATES = Path.of("/etc/docker/certs.d");

  private final Process process;
  private final String host;
  private final Path folder;
  private final boolean isPrivate;
  private final String password;

  private PrivateRegistry(
      Process process, String host, Path folder, boolean isPrivate, String password) {
    this.process = process;
    this.host = host;
    this.folder = folder;
    this.isPrivate = isPrivate;
    this.password = password;
  }

  /** Starts a private one, whose CA the engine doesn't know yet. */
  static PrivateRegistry startPrivate(Path folder, String password)
      throws IOException, InterruptedException {
    require("docker-registry", "htpasswd", "openssl");
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/etc/docker")), "no right to write /etc/docker/certs.d");
    InetAddress address = ownAddress();
    run(folder, "htpasswd", "-Bbc", "users", USER, password);
    certify(folder, address.getHostAddress());
    return start(folder, address, true, password);
  }

  /** Starts an open one on loopback, where engines take plain HTTP. */
  static PrivateRegistry startOpen(Path folder) throws IOException, InterruptedException {
    require("docker-registry");
    return start(folder, InetAddress.getLoopbackAddress(), false, "");
  }

  private static void require(String... programs) {
    for (String program : programs) {
      boolean isThere =
          List.of(System.getenv("PATH").split(":")).stream()
              .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
      Assumptions.assumeTrue(isThere, () -> "no " + program + " is installed");
    }
  }

  private static InetAddress ownAddress() throws SocketException {
    return NetworkInterface.networkInterfaces()
        .filter(network -> !network.getName().matches("(veth|br-|berth-|docker).*"))
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .findFirst()
        .orElseGet(() -> {
          Assumptions.abort("this machine has no address but loopback's");
          return InetAddress.getLoopbackAddress();
        });
  }

  private static void certify(Path folder, String address)
      throws IOException, InterruptedException {
    Files.writeString(folder.resolve("names"), "subjectAltName=IP:" + address + "\n");
    run(
        folder,
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Test-CA -keyout ca.key -out ca.crt"
            .split(" "));
    run(
        folder,
        "openssl req -newkey rsa:2048 -nodes -subj /CN=registry -keyout key -out request"
            .split(" "));
    run(
        folder,
        "openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out crt"
            .split(" "));
  }

  private static PrivateRegistry start(
      Path folder, InetAddress address, boolean isPrivate, String password) throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, address)) {
      port = free.getLocalPort();
    }
    String host = address.getHostAddress() + ":" + port;
    String config =
        """
        version: 0.1
        log: {level: error}
        storage: {filesystem: {rootdirectory: %s/data}}
        http:
          addr: %s
        """
            .formatted(folder, host);
    if (isPrivate) {
      config +=
          """
            tls: {certificate: %1$s/crt, key: %1$s/key}
          auth: {htpasswd: {realm: test, path: %1$s/users}}
          """
              .formatted(folder);
    }
    Files.writeString(folder.resolve("config.yml"), config);
    Path log = folder.resolve("registry.log");
    Process process =
        new ProcessBuilder("docker-registry", "serve", "config.yml")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    var registry = new PrivateRegistry(process, host, folder, isPrivate, password);
    await()
        .until(() -> {
          assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
          return isOpen(new InetSocketAddress(address, port));
        });
    return registry;
  }

  private static boolean isOpen(InetSocketAddress address) {
    try (var socket = new Socket()) {
      socket.connect(address, 1000);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static void run(Path folder, String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  /** Host and port, as they stand before images' names. */
  String host() {
    return host;
  }

  /** Has the engine take its CA for one of those it knows. */
  void beTrusted() throws IOException {
    Path folder = Files.createDirectories(CERTIFICATES.resolve(host));
    Files.copy(this.folder.resolve("ca.crt"), folder.resolve("ca.crt"));
  }

  /** Puts a local image here under a name, and returns its digest; the engine forgets that name. */
  String push(DockerClient docker, String image, String name) throws InterruptedException {
    String tagged = host + "/" + name;
    docker
        .tagImageCmd(
            image,
            tagged.substring(0, tagged.lastIndexOf(':')),
            tagged.substring(tagged.lastIndexOf(':') + 1))
        .exec();
    var digests = new ArrayList<String>();
    var push = docker.pushImageCmd(tagged);
    if (isPrivate) {
      push.withAuthConfig(
          new AuthConfig().withUsername(USER).withPassword(password).withRegistryAddress(host));
    }
    push.exec(
            new ResultCallback.Adapter<PushResponseItem>() {
              @Override
              public void onNext(PushResponseItem item) {
                assertThat(item.getErrorDetail()).isNull();
                if (item.getAux() != null) {
                  digests.add(item.getAux().getDigest());
                }
              }
            })
        .awaitCompletion();
    docker.removeImageCmd(tagged).exec();
    return digests.getFirst();
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    Path trusted = CERTIFICATES.resolve(host);
    Files.deleteIfExists(trusted.resolve("ca.crt"));
    Files.deleteIfExists(trusted);
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
