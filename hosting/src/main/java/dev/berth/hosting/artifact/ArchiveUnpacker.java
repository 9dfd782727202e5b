package dev.berth.hosting.artifact;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks a {@code model.tar.gz} as it comes. It takes regular files and directories and refuses
 * the rest: a link can lead out of the tree, and SageMaker refuses them too.
 */
final class ArchiveUnpacker {
  /** How far a tar is recognised by: the end of its first header. */
  private static final int SNIFF_BYTES = TarConstants.DEFAULT_RCDSIZE;

  /** Padding behind a tar's end; {@code tar} writes up to 10 KiB, tapes more. */
  private static final long MAX_TRAILER_BYTES = 64 << 20;

  private final StagedTree tree;

  ArchiveUnpacker(StagedTree tree) {
    this.tree = tree;
  }

  /**
   * Unpacks all of {@code archive}.
   *
   * @throws BrokenDownloadException passed on from {@code archive}
   * @throws StagingException when it isn't a gzip-compressed tar, or has entries that are refused
   */
  void unpack(InputStream archive) throws StagingException, BrokenDownloadException {
    try {
      InputStream compressed = new BufferedInputStream(archive, 64 << 10);
      compressed.mark(SNIFF_BYTES);
      byte[] start = compressed.readNBytes(SNIFF_BYTES);
      compressed.reset();
      if (start.length < 2 || (start[0] & 0xff) != 0x1f || (start[1] & 0xff) != 0x8b) {
        throw notGzip(start);
      }
      try (GzipCompressorInputStream gzip =
              GzipCompressorInputStream.builder()
                  .setInputStream(compressed)
                  .setDecompressConcatenated(true)
                  .get();
          TarArchiveInputStream tar =
              new TarArchiveInputStream(gzip, StandardCharsets.UTF_8.name())) {
        entries(tar);
        trailer(gzip);
      }
    } catch (BrokenDownloadException e) {
      throw e;
    } catch (IOException e) {
      var failure =
          new StagingException(
              Kind.EXTRACT,
              "the archive is damaged or cut off (%s). Pack it anew with 'tar -czf' and upload it again."
                  .formatted(e.getMessage()));
      failure.initCause(e);
      throw failure;
    }
  }

  private void entries(TarArchiveInputStream tar) throws IOException, StagingException {
    int count = 0;
    for (TarArchiveEntry entry = first(tar); entry != null; entry = tar.getNextEntry()) {
      count++;
      if (!entry.isCheckSumOK()) {
        throw count == 1
            ? noTar()
            : new StagingException(
                Kind.EXTRACT, "the header of entry %,d is damaged".formatted(count));
      }
      add(entry, tar);
    }
    if (count == 0 && tar.getBytesRead() == 0) {
      throw new StagingException(
          Kind.EXTRACT, "the gzip file is empty. Pack the model with 'tar -czf'.");
    }
  }

  private static @Nullable TarArchiveEntry first(TarArchiveInputStream tar)
      throws IOException, StagingException {
    try {
      return tar.getNextEntry();
    } catch (IOException e) {
      if (tar.getBytesRead() == SNIFF_BYTES) {
        throw noTar(); // gzip gave a whole header, and it is none
      }
      throw e;
    }
  }

  private static StagingException noTar() {
    return new StagingException(
        Kind.EXTRACT, "the gzip file holds no tar archive. Pack the model with 'tar -czf'.");
  }

  private void add(TarArchiveEntry entry, InputStream content)
      throws IOException, StagingException {
    String name = name(entry);
    if (entry.isDirectory()) {
      tree.addDirectory(name);
    } else if (isRegular(entry)) {
      if (name.isEmpty()) {
        throw refused(entry, "it is a file without a name");
      }
      tree.addFile(name, (entry.getMode() & 0111) != 0, entry.getRealSize(), content);
    } else {
      throw refused(entry, kind(entry));
    }
  }

  private static String name(TarArchiveEntry entry) throws StagingException {
    try {
      return EntryNames.ofMember(entry.getName());
    } catch (IllegalArgumentException e) {
      throw refused(entry, String.valueOf(e.getMessage()));
    }
  }

  /** The library calls everything a file that isn't something else; this is a list of what is. */
  private static boolean isRegular(TarArchiveEntry entry) {
    return switch (entry.getLinkFlag()) {
      case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM, TarConstants.LF_CONTIG -> true;
      case TarConstants.LF_GNUTYPE_SPARSE -> true;
      default -> false;
    };
  }

  private static String kind(TarArchiveEntry entry) {
    return switch (entry.getLinkFlag()) {
      case TarConstants.LF_SYMLINK ->
          "it is a symbolic link to '%s'; pack what it points to, with 'tar --dereference'"
              .formatted(entry.getLinkName());
      case TarConstants.LF_LINK ->
          "it is a hard link to '%s'; pack both as files, with 'tar --hard-dereference'"
              .formatted(entry.getLinkName());
      case TarConstants.LF_CHR, TarConstants.LF_BLK -> "it is a device";
      case TarConstants.LF_FIFO -> "it is a named pipe";
      default -> "it is of tar type '%c'".formatted(entry.getLinkFlag());
    };
  }

  /** Reads to the end, where gzip's checksum is, or finds that it was cut off. */
  private static void trailer(InputStream gzip) throws IOException, StagingException {
    byte[] buffer = new byte[64 << 10];
    long trailerBytes = 0;
    for (int count = gzip.read(buffer); count >= 0; count = gzip.read(buffer)) {
      trailerBytes += count;
      if (trailerBytes > MAX_TRAILER_BYTES) {
        throw new StagingException(
            Kind.EXTRACT,
            "more than %,d bytes follow the end of the tar archive".formatted(MAX_TRAILER_BYTES));
      }
    }
  }

  private static StagingException refused(TarArchiveEntry entry, String reason) {
    return new StagingException(
        Kind.EXTRACT,
        "entry '%s' is refused: %s. Model archives hold files and directories only, below their"
                .formatted(entry.getName(), reason)
            + " root.");
  }

  private static StagingException notGzip(byte[] start) {
    return new StagingException(
        Kind.EXTRACT,
        "it is not a gzip file: %s. Pack the model with 'tar -czf'.".formatted(looksLike(start)));
  }

  private static String looksLike(byte[] start) {
    if (start.length == 0) {
      return "it is empty";
    }
    if (begins(start, 'P', 'K')) {
      return "it is a zip file";
    }
    if (begins(start, 'B', 'Z', 'h')) {
      return "it is compressed with bzip2";
    }
    if (begins(start, 0xfd, '7', 'z', 'X', 'Z')) {
      return "it is compressed with xz";
    }
    if (begins(start, 0x28, 0xb5, 0x2f, 0xfd)) {
      return "it is compressed with zstd";
    }
    if (TarArchiveInputStream.matches(start, start.length)) {
      return "it is a tar without compression";
    }
    return "it begins with the bytes "
        + HexFormat.ofDelimiter(" ").formatHex(start, 0, Math.min(4, start.length));
  }

  private static boolean begins(byte[] start, int... magic) {
    if (start.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((start[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
