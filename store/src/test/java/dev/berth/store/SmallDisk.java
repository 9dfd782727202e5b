package dev.berth.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A disk of a few bytes in memory, to fill up. Needs Linux and the right to mount. */
record SmallDisk(Path path) implements AutoCloseable {

  /** Mounts a disk, or skips the test where that isn't possible. */
  static SmallDisk mount(Path path, int bytes) throws IOException {
    Files.createDirectories(path);
    String problem = run("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", path.toString());
    assumeThat(problem).as("needs the right to mount a tmpfs").isEmpty();
    return new SmallDisk(path);
  }

  /** Lets nothing be written any more. */
  void makeReadOnly() throws IOException {
    String problem = run("mount", "-o", "remount,ro", path.toString());
    if (!problem.isEmpty()) {
      throw new IOException("could not make " + path + " read-only: " + problem);
    }
  }

  @Override
  public void close() throws IOException {
    String problem = run("umount", "-l", path.toString());
    if (!problem.isEmpty()) {
      throw new IOException("could not unmount " + path + ": " + problem);
    }
  }

  /** Returns what is wrong, or nothing. */
  private static String run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      int exit = process.onExit().orTimeout(10, TimeUnit.SECONDS).join().exitValue();
      return exit == 0 ? "" : command[0] + " failed: " + output;
    } catch (IOException e) {
      return e.toString();
    }
  }
}
