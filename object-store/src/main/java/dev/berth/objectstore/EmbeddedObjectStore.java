package dev.berth.objectstore;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An S3 endpoint over a folder of this machine, on a free loopback port. It takes any credentials
 * or none; who may reach it is its caller's business. Reading through {@link #objects()} needs no
 * HTTP and works from the first moment.
 *
 * <p>Keys are files, {@code buckets/<bucket>/<key>}, with ETag, content type and metadata in the
 * files' user attributes. Hence its limits: a segment of a key has at most 255 bytes, a key can't
 * be both an object and the folder of others, {@code a//b} is {@code a/b}, and lists know the
 * delimiter {@code /} only.
 */
public final class EmbeddedObjectStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedObjectStore.class);
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
  private static final int MAX_THREADS = 64;

  private final DurableBlobStore blobs;
  private final CompletableFuture<S3Proxy> server = new CompletableFuture<>();
  private final CompletionStage<InetSocketAddress> address =
      server.thenApply(running -> new InetSocketAddress(LOOPBACK, running.getPort()));

  private EmbeddedObjectStore(DurableBlobStore blobs) {
    this.blobs = blobs;
  }

  /**
   * Opens the store over {@code directory}, created where missing, and returns at once; the
   * endpoint starts behind it.
   *
   * @throws UncheckedIOException when the folder can't be used
   */
  public static EmbeddedObjectStore start(Path directory) {
    try {
      ObjectFolder folder = ObjectFolder.open(directory);
      warnWithoutAttributes(folder.incoming());
      EmbeddedObjectStore store = new EmbeddedObjectStore(new DurableBlobStore(folder));
      Thread.ofPlatform().name("object-store-start").daemon().start(store::serve);
      return store;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open the object store in " + directory, e);
    }
  }

  /** Returns where the endpoint listens; completes exceptionally when it can't start. */
  public CompletionStage<InetSocketAddress> address() {
    return address;
  }

  /** Returns a reader of the same objects that goes straight to the files. */
  public ObjectSource objects() {
    return new EmbeddedObjectSource(blobs);
  }

  /** Returns a writer of the same objects that goes straight to the files. */
  public ObjectSink sink() {
    return new EmbeddedObjectSink(blobs);
  }

  /**
   * Stops the endpoint at once. A write that is cut off was not acknowledged and leaves nothing;
   * whoever forwards requests here waits for their answers first.
   */
  @Override
  public void close() {
    server
        .thenAccept(EmbeddedObjectStore::stop)
        .exceptionally(_ -> null) // it never started; said where that happened
        .join();
    blobs.close();
  }

  private void serve() {
    S3Proxy proxy =
        S3Proxy.builder()
            .blobStore(blobs)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(AuthenticationType.NONE, null, null)
            .ignoreUnknownHeaders(true)
            .jettyMaxThreads(MAX_THREADS)
            .stopTimeout(0)
            .build();
    try {
      proxy.start();
      server.complete(proxy);
    } catch (Exception e) {
      server.completeExceptionally(
          new IllegalStateException("the embedded object store cannot listen on loopback", e));
    }
  }

  private static void stop(S3Proxy proxy) {
    try {
      proxy.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the embedded object store did not stop cleanly", e);
    }
  }

  /** Says so where ETags and metadata can't be kept: staging still works, by size and time. */
  private static void warnWithoutAttributes(Path directory) throws IOException {
    FileStore disk = Files.getFileStore(directory);
    if (!disk.supportsFileAttributeView(UserDefinedFileAttributeView.class)) {
      LOG.warn(
          "the {} file system of {} keeps no user attributes: S3 objects lose their ETag, content"
              + " type and metadata; put the data folder on ext4, xfs, btrfs, zfs, apfs or ntfs",
          disk.type(),
          directory);
    }
  }
}
