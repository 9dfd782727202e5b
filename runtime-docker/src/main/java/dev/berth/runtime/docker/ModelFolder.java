package dev.berth.runtime.docker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * What a multi-model container sees as {@code /opt/ml/models}: one folder for each model that is
 * loaded, {@code <id>/model}, and no other endpoint's. The files are hard links to the staged ones,
 * so that a model takes its disk once and is there at once.
 */
final class ModelFolder {
  /** Where it is mounted. */
  static final String MOUNT = "/opt/ml/models";

  private static final String MODEL = "model";
  private final Path root;

  ModelFolder(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  /** Makes it, empty, unless it is there. */
  void create() {
    try {
      Files.createDirectories(root);
      // Others, too, whatever the mask: an image may run as any user.
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException("can't make the folder for models " + root, e);
    }
  }

  /** Returns where the container finds a model. */
  static String inContainer(String id) {
    return MOUNT + "/" + id + "/" + MODEL;
  }

  /** Puts a model's staged files there. */
  void add(String id, Path directory) throws IOException {
    Path home = root.resolve(id);
    if (Files.exists(home)) {
      return;
    }
    Path making = root.resolve("." + id);
    delete(making); // what a crash has left
    Files.createDirectories(making);
    link(directory, making.resolve(MODEL));
    Files.setPosixFilePermissions(making, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.move(making, home, StandardCopyOption.ATOMIC_MOVE);
  }

  void remove(String id) throws IOException {
    delete(root.resolve(id));
  }

  /** Removes it with all models. */
  void delete() throws IOException {
    delete(root);
  }

  private static void link(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            Path made = Files.createDirectory(to.resolve(from.relativize(directory).toString()));
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path name = to.resolve(from.relativize(file).toString());
            try {
              Files.createLink(name, file);
            } catch (IOException | UnsupportedOperationException _) {
              Files.copy(file, name); // another file system
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
