package dev.berth.server.cli;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** What a user names as a model: an object of the store, an archive, or files to pack into one. */
sealed interface ModelArtifact {
  /**
   * Returns what {@code argument} names: an {@code s3://} URI, a {@code .tar.gz}, a file or a
   * folder.
   *
   * @throws CommandFailure if it is none of these
   */
  static ModelArtifact of(String argument) throws IOException {
    if (argument.startsWith("s3://")) {
      return new Stored(argument);
    }
    var path = Path.of(argument);
    if (Files.isDirectory(path)) {
      return new Loose(path, filesBelow(path));
    }
    if (!Files.isRegularFile(path)) {
      throw new CommandFailure(
          "no model at '%s'; expected a folder, a file, a .tar.gz or an s3:// URI"
              .formatted(argument));
    }
    return argument.endsWith(".tar.gz") || argument.endsWith(".tgz")
        ? new Archive(path)
        : new Loose(path.resolveSibling(""), List.of(path));
  }

  /** Returns the paths of the model's files, as far as they can be seen from here. */
  List<String> names() throws IOException;

  /** In the store already: nothing to upload. */
  record Stored(String uri) implements ModelArtifact {
    @Override
    public List<String> names() {
      return List.of(uri);
    }
  }

  /** A {@code .tar.gz}, uploaded as it is. */
  record Archive(Path file) implements ModelArtifact {
    private static final int MOST_NAMES = 1_000;

    @Override
    public List<String> names() {
      try (var tar =
          new TarArchiveInputStream(
              new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file))))) {
        var names = new ArrayList<String>();
        for (var entry = tar.getNextEntry();
            entry != null && names.size() < MOST_NAMES;
            entry = tar.getNextEntry()) {
          names.add(entry.getName());
        }
        return names;
      } catch (IOException failure) {
        throw new CommandFailure(
            "'%s' is not a readable tar.gz: %s".formatted(file, failure.getMessage()), failure);
      }
    }
  }

  /**
   * Files to pack, with paths relative to {@code root}.
   *
   * @param files regular files below {@code root}, in order
   */
  record Loose(Path root, List<Path> files) implements ModelArtifact {
    public Loose {
      files = List.copyOf(files);
    }

    @Override
    public List<String> names() {
      return files.stream().map(this::nameInArchive).toList();
    }

    /** Writes the files as {@code tar.gz} to {@code target}. */
    void packTo(Path target) throws IOException {
      try (var tar =
          new TarArchiveOutputStream(
              new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(target))))) {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        for (var file : files) {
          tar.putArchiveEntry(new TarArchiveEntry(file, nameInArchive(file)));
          Files.copy(file, tar);
          tar.closeArchiveEntry();
        }
      }
    }

    private String nameInArchive(Path file) {
      return root.relativize(file).toString().replace('\\', '/');
    }
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      var files =
          paths
              .filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
              .filter(path -> !path.getFileName().toString().startsWith("."))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw new CommandFailure("no files in the folder '%s'".formatted(folder));
      }
      return files;
    }
  }
}
