package dev.berth.runtime.embedded.tree;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of a model directory that are read as models. */
public final class ModelFiles {
  private ModelFiles() {}

  /**
   * Returns the regular files directly in {@code directory}, by name; dot files and folders are not
   * models, as in AWS's containers.
   *
   * @throws ModelLoadException if there is none, or the directory cannot be read
   */
  public static List<Path> in(Path directory) {
    List<Path> files;
    try (var entries = Files.list(directory)) {
      files =
          entries
              .filter(Files::isRegularFile)
              .filter(file -> !file.getFileName().toString().startsWith("."))
              .sorted()
              .toList();
    } catch (IOException e) {
      throw new ModelLoadException("could not list the model directory: " + e.getMessage(), e);
    }
    if (files.isEmpty()) {
      throw new ModelLoadException(
          "the model archive has no file at its root; put the model file there, not in a folder");
    }
    return files;
  }

  /**
   * Returns the bytes of {@code file}.
   *
   * @throws ModelLoadException if it cannot be read, or reading it would endanger the heap: it may
   *     be a quarter of it at most, as the parsed model needs room beside it
   */
  public static byte[] read(Path file) {
    try {
      long bytes = Files.size(file);
      long limit = Math.min(Runtime.getRuntime().maxMemory() / 4, Integer.MAX_VALUE - 8);
      if (bytes > limit) {
        throw new ModelLoadException(
            "could not load '%s': it has %,d bytes and this server reads models of up to %,d; start it with a larger heap"
                .formatted(file.getFileName(), bytes, limit));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new ModelLoadException(
          "could not read '%s': %s".formatted(file.getFileName(), e.getMessage()), e);
    }
  }
}
