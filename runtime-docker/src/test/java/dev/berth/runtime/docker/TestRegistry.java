package dev.berth.runtime.docker;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A registry of images on this machine, Debian's package {@code docker-registry}. */
final class TestRegistry implements AutoCloseable {
  private final Process process;
  private final int port;

  private TestRegistry(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts one, or skips the test where it isn't installed. */
  static TestRegistry start(Path folder) throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = folder.resolve("registry.yml");
    Files.writeString(
        config,
        "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: 127.0.0.1:%d\n"
            .formatted(folder, port));
    Process process;
    try {
      process =
          new ProcessBuilder("docker-registry", "serve", config.toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("registry.log").toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("no registry (apt-get install docker-registry): " + e.getMessage());
      throw e;
    }
    await()
        .ignoreExceptions()
        .until(() -> {
          new Socket(InetAddress.getLoopbackAddress(), port).close();
          return true;
        });
    return new TestRegistry(process, port);
  }

  /** Returns a repository's name, which the engine reaches without TLS as it is on loopback. */
  String repository(String name) {
    return "127.0.0.1:%d/%s".formatted(port, name);
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
