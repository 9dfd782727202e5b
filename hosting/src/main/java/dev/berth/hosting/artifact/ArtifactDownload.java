package dev.berth.hosting.artifact;

import dev.berth.hosting.artifact.ArtifactStore.Kind;
import dev.berth.hosting.artifact.ArtifactStore.StagingException;
import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongConsumer;

/** Fetches a model's content into a tree: unpacked where it is an archive, as it is elsewhere. */
final class ArtifactDownload {
  private static final int PARALLEL_OBJECTS = 4;

  private final ObjectSource objects;
  private final StagedTree tree;
  private final LongConsumer advanced;

  /**
   * A download that hasn't begun.
   *
   * @param advanced told how many bytes have newly come, on several threads
   */
  ArtifactDownload(ObjectSource objects, StagedTree tree, LongConsumer advanced) {
    this.objects = objects;
    this.tree = tree;
    this.advanced = advanced;
  }

  /** Returns the kind of failure for which a source's own names are to blame. */
  static Kind faultKind(ModelSource source) {
    return switch (source) {
      case ModelSource.Archive _ -> Kind.EXTRACT;
      case ModelSource.SingleObject _, ModelSource.Prefix _ -> Kind.DOWNLOAD;
    };
  }

  /** Fetches it all, or throws; ends soon after an interrupt. */
  void run(ModelContent content) throws StagingException, InterruptedException {
    switch (content.source()) {
      case ModelSource.Archive _ -> archive(content.objects().getFirst());
      case ModelSource.SingleObject(S3Uri uri) ->
          files(Map.of(name(uri, lastSegment(uri.key())), content.objects().getFirst()));
      case ModelSource.Prefix(S3Uri uri) -> files(namedBelow(uri, content.objects()));
    }
  }

  private void archive(ObjectInfo archive) throws StagingException {
    // No thread of its own for the download: the socket's buffers keep it going meanwhile, and a
    // pipe between the two gained nothing where it was measured.
    try (InputStream in = opened(archive)) {
      new ArchiveUnpacker(tree).unpack(in);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private void files(Map<String, ObjectInfo> files) throws StagingException, InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(PARALLEL_OBJECTS, threads());
    List<Future<?>> begun = new ArrayList<>();
    try {
      CompletionService<Void> copies = new ExecutorCompletionService<>(threads);
      files.forEach((name, object) -> begun.add(copies.submit(() -> copy(name, object))));
      for (int i = 0; i < files.size(); i++) {
        copies.take().get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StagingException failure
          ? failure
          : new StagingException(Kind.DOWNLOAD, String.valueOf(e.getCause()));
    } finally {
      begun.forEach(copy -> copy.cancel(true));
      threads.close();
    }
  }

  private static ThreadFactory threads() {
    return Thread.ofVirtual().name("artifact-copy-", 0).factory();
  }

  private Void copy(String name, ObjectInfo object) throws StagingException {
    try (InputStream in = opened(object)) {
      tree.addFile(name, false, object.sizeBytes(), in);
      return null;
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private InputStream opened(ObjectInfo object) throws IOException {
    return new Counted(objects.open(object), object);
  }

  private static Map<String, ObjectInfo> namedBelow(S3Uri prefix, List<ObjectInfo> objects)
      throws StagingException {
    Map<String, ObjectInfo> files = new LinkedHashMap<>();
    for (ObjectInfo object : objects) {
      String rest = object.uri().key().substring(prefix.key().length());
      files.put(name(object.uri(), rest), object);
    }
    return files;
  }

  private static String name(S3Uri uri, String rest) throws StagingException {
    try {
      return EntryNames.ofKey(rest);
    } catch (IllegalArgumentException e) {
      throw new StagingException(
          Kind.DOWNLOAD,
          "%s can't become a file: %s. Rename or delete that object."
              .formatted(uri, e.getMessage()));
    }
  }

  private static String lastSegment(String key) {
    return key.substring(key.lastIndexOf('/') + 1);
  }

  private static StagingException broken(IOException e) {
    var failure = new StagingException(Kind.DOWNLOAD, String.valueOf(e.getMessage()));
    failure.initCause(e);
    return failure;
  }

  /** Counts an object's bytes and notices when they end too soon. */
  private final class Counted extends FilterInputStream {
    private final ObjectInfo object;
    private long readBytes;

    Counted(InputStream in, ObjectInfo object) {
      super(in);
      this.object = object;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count;
      try {
        count = super.read(buffer, offset, length);
      } catch (IOException e) {
        throw new BrokenDownloadException(brokeOff() + ": " + e.getMessage(), e);
      }
      if (count < 0 && readBytes < object.sizeBytes()) {
        throw new BrokenDownloadException(brokeOff());
      }
      if (count > 0) {
        readBytes += count;
        advanced.accept(count);
      }
      return count;
    }

    private String brokeOff() {
      return "the download of %s broke off after %,d of %,d bytes"
          .formatted(object.uri(), readBytes, object.sizeBytes());
    }
  }
}
