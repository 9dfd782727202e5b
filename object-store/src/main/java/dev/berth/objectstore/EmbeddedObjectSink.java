package dev.berth.objectstore;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.S3Uri;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * Writes the embedded store's files in this process. The store takes an object from a stream it
 * reads; it does so on a thread of its own, and what is written here goes there through a bounded
 * queue, so that the bytes are written to disk once and none wait in memory.
 */
final class EmbeddedObjectSink implements ObjectSink {
  private final BlobStore blobs;

  EmbeddedObjectSink(BlobStore blobs) {
    this.blobs = blobs;
  }

  @Override
  public boolean encrypts() {
    return false;
  }

  @Override
  public Upload begin(S3Uri uri, Optional<String> kmsKeyId) throws IOException {
    if (kmsKeyId.isPresent()) {
      throw new IOException(
          "%s can't be encrypted with KMS key '%s': the embedded object store has no KMS"
              .formatted(uri, kmsKeyId.get()));
    }
    return new Piped(uri);
  }

  private final class Piped implements Upload {
    private final S3Uri uri;
    private final Pipe pipe = new Pipe();
    private final CompletableFuture<Void> stored = new CompletableFuture<>();

    Piped(S3Uri uri) {
      this.uri = uri;
      Thread.ofVirtual().name("put-" + uri.key()).start(this::store);
    }

    private void store() {
      try {
        var _ =
            blobs.putBlob(
                PutObjectRequest.builder().bucket(uri.bucket()).key(uri.key()).build(),
                pipe.readEnd());
        stored.complete(null);
      } catch (RuntimeException | Error e) {
        stored.completeExceptionally(e);
        pipe.nobodyReads(failure(e));
      }
    }

    @Override
    public OutputStream stream() {
      return pipe;
    }

    @Override
    public void commit() throws IOException {
      pipe.end();
      try {
        stored.join();
      } catch (CompletionException e) {
        throw failure(e.getCause());
      }
    }

    private IOException failure(@Nullable Throwable cause) {
      if (cause instanceof NoSuchBucketException) {
        return new NoSuchObjectException("there is no bucket '%s'".formatted(uri.bucket()));
      }
      return new IOException("%s can't be written: %s".formatted(uri, cause), cause);
    }

    @Override
    public void close() {
      if (!stored.isDone()) {
        pipe.breakOff();
        var _ = stored.exceptionally(_ -> null).join();
      }
    }
  }

  /** Bytes from one thread to another, some chunks of them at a time. */
  private static final class Pipe extends OutputStream {
    private static final int CHUNKS = 8;
    private static final int CHUNK_BYTES = 1 << 16;
    private static final byte[] END = new byte[0];
    private static final byte[] BROKEN = new byte[0];

    private final BlockingQueue<byte[]> chunks = new ArrayBlockingQueue<>(CHUNKS);
    private final byte[] filling = new byte[CHUNK_BYTES];
    private int filled;
    private volatile @Nullable IOException failure;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int at = offset;
      int left = length;
      while (left > 0) {
        int count = Math.min(left, CHUNK_BYTES - filled);
        System.arraycopy(bytes, at, filling, filled, count);
        filled += count;
        at += count;
        left -= count;
        if (filled == CHUNK_BYTES) {
          pass();
        }
      }
    }

    private void pass() throws IOException {
      if (filled > 0) {
        put(Arrays.copyOf(filling, filled));
        filled = 0;
      }
    }

    private void put(byte[] chunk) throws IOException {
      try {
        IOException failed = failure;
        if (failed != null) {
          throw failed;
        }
        chunks.put(chunk);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while writing");
      }
    }

    void end() throws IOException {
      pass();
      put(END);
    }

    void breakOff() {
      chunks.clear();
      var _ = chunks.offer(BROKEN);
    }

    void nobodyReads(IOException why) {
      failure = why;
      chunks.clear(); // frees a writer that waits
    }

    InputStream readEnd() {
      return new InputStream() {
        private byte[] chunk = new byte[0];
        private int at;
        private boolean isAtEnd;

        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          if (length == 0) {
            return 0;
          }
          if (at == chunk.length && !nextChunk()) {
            return -1;
          }
          int count = Math.min(length, chunk.length - at);
          System.arraycopy(chunk, at, bytes, offset, count);
          at += count;
          return count;
        }

        @SuppressWarnings("ReferenceEquality") // END and BROKEN are marks
        private boolean nextChunk() throws IOException {
          if (isAtEnd) {
            return false;
          }
          byte[] next;
          try {
            next = chunks.take();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading");
          }
          if (next == BROKEN) {
            throw new IOException("the writer gave the object up");
          }
          isAtEnd = next == END;
          chunk = next;
          at = 0;
          return !isAtEnd;
        }
      };
    }
  }
}
