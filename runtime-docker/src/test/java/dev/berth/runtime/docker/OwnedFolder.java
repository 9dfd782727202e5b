package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders of engines that {@code bin/clear-killed-tests.sh} clears when these tests are killed. */
final class OwnedFolder {
  private static final String CLEAR =
      Path.of("../bin/clear-killed-tests.sh").toAbsolutePath().normalize().toString();

  private OwnedFolder() {}

  /** Clears those of killed tests, and makes one in {@code /tmp}, as a socket's path is short. */
  static Path create(String prefix) throws IOException, InterruptedException {
    assertThat(
            new ProcessBuilder(CLEAR)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor())
        .isZero();
    Path folder = Files.createTempDirectory(Path.of("/tmp"), prefix);
    Process owner =
        new ProcessBuilder(CLEAR, "--owner", Long.toString(ProcessHandle.current().pid()))
            .redirectOutput(folder.resolve("owner").toFile())
            .start();
    assertThat(owner.waitFor()).isZero();
    return folder;
  }
}
