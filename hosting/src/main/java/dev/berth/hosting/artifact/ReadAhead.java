package dev.berth.hosting.artifact;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream ahead on a thread of its own, so that the network and the unpacking work at the
 * same time; holds {@value #CHUNKS} chunks at most. One reader.
 */
final class ReadAhead extends InputStream {
  private static final int CHUNKS = 16;
  private static final int CHUNK_BYTES = 256 << 10;

  /** What the reading thread hands over. */
  private sealed interface Piece {
    record Bytes(ByteBuffer buffer) implements Piece {}

    /** The stream's end, by {@code failure} where there is one. */
    record End(@Nullable IOException failure) implements Piece {}
  }

  private final InputStream source;
  private final BlockingQueue<Piece> full = new ArrayBlockingQueue<>(CHUNKS);
  private final BlockingQueue<ByteBuffer> empty = new ArrayBlockingQueue<>(CHUNKS);
  private final Thread reader;
  private @Nullable Piece current;

  ReadAhead(InputStream source) {
    this.source = source;
    this.reader = Thread.ofVirtual().name("artifact-download").start(this::readAll);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    return switch (present()) {
      case Piece.End(IOException failure) when failure != null -> throw failure;
      case Piece.End _ -> -1;
      case Piece.Bytes(ByteBuffer bytes) -> {
        int count = Math.min(length, bytes.remaining());
        bytes.get(buffer, offset, count);
        if (!bytes.hasRemaining()) {
          current = null;
          boolean _ = empty.offer(bytes);
        }
        yield count;
      }
    };
  }

  /** Ends the reading and closes the source. */
  @Override
  public void close() throws IOException {
    reader.interrupt();
    source.close();
  }

  private Piece present() throws InterruptedIOException {
    Piece piece = current;
    if (piece == null) {
      try {
        piece = full.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("reading was cancelled");
      }
      current = piece;
    }
    return piece;
  }

  private void readAll() {
    try {
      full.put(end());
    } catch (InterruptedException _) {
      // closed: nobody reads any more
    }
  }

  private Piece.End end() throws InterruptedException {
    try {
      while (true) {
        ByteBuffer recycled = empty.poll();
        ByteBuffer bytes = recycled == null ? ByteBuffer.allocate(CHUNK_BYTES) : recycled.clear();
        int count = source.readNBytes(bytes.array(), 0, CHUNK_BYTES);
        if (count > 0) {
          full.put(new Piece.Bytes(bytes.limit(count)));
        }
        if (count < CHUNK_BYTES) {
          return new Piece.End(null);
        }
      }
    } catch (IOException e) {
      return new Piece.End(e);
    }
  }
}
