package dev.berth.transform.body;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The bytes of a request or an answer. They can be read again and again until it is closed. */
public sealed interface Body extends AutoCloseable {

  /** Bytes in it. */
  long length();

  /** Returns a stream of the bytes, from the first; the caller closes it. */
  InputStream stream() throws IOException;

  /** Returns a channel to read the bytes from, from the first; the caller closes it. */
  ReadableByteChannel channel() throws IOException;

  /**
   * Returns the bytes as one buffer, valid until this is closed.
   *
   * @throws IOException when they are more than a buffer takes, which is 2 GiB
   */
  ByteBuffer buffer() throws IOException;

  /** Returns the last byte, -1 when there is none. */
  int last() throws IOException;

  /** Writes the bytes to {@code out}. */
  default void writeTo(OutputStream out) throws IOException {
    try (InputStream in = stream()) {
      in.transferTo(out);
    }
  }

  /** Lets go of the bytes; again does nothing. */
  @Override
  void close();

  /** Returns a body of bytes that somebody else accounts for. */
  static Body of(byte[] bytes) {
    return new OnHeap(bytes, 0, bytes.length, () -> {});
  }

  /** Returns a body of what is between the buffer's position and limit. */
  static Body of(ByteBuffer buffer) {
    if (buffer.hasArray()) {
      return new OnHeap(
          buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.remaining(), () -> {});
    }
    byte[] copy = new byte[buffer.remaining()];
    buffer.get(buffer.position(), copy);
    return of(copy);
  }

  /** In memory. */
  final class OnHeap implements Body {
    private final byte[] bytes;
    private final int offset;
    private final int count;
    private final Runnable release;
    private boolean isClosed;

    OnHeap(byte[] bytes, int offset, int count, Runnable release) {
      this.bytes = bytes;
      this.offset = offset;
      this.count = count;
      this.release = release;
    }

    @Override
    public long length() {
      return count;
    }

    @Override
    public InputStream stream() {
      return new ByteArrayInputStream(bytes, offset, count);
    }

    @Override
    public ReadableByteChannel channel() {
      return new HeapChannel(buffer());
    }

    @Override
    public ByteBuffer buffer() {
      return ByteBuffer.wrap(bytes, offset, count).slice();
    }

    @Override
    public int last() {
      return count == 0 ? -1 : bytes[offset + count - 1] & 0xff;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(bytes, offset, count);
    }

    @Override
    public synchronized void close() {
      if (!isClosed) {
        isClosed = true;
        release.run();
      }
    }
  }

  /** In a file of its own. */
  record InFile(Path file, long length) implements Body {
    @Override
    public InputStream stream() throws IOException {
      return Files.newInputStream(file);
    }

    @Override
    public ReadableByteChannel channel() throws IOException {
      return FileChannel.open(file, StandardOpenOption.READ);
    }

    @Override
    public ByteBuffer buffer() throws IOException {
      if (length > Integer.MAX_VALUE) {
        throw new IOException(
            "%d bytes are more than one request to a model in Berth's own process takes (%d)"
                .formatted(length, Integer.MAX_VALUE));
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, length);
      }
    }

    @Override
    public int last() throws IOException {
      if (length == 0) {
        return -1;
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer one = ByteBuffer.allocate(1);
        channel.read(one, length - 1);
        return one.get(0) & 0xff;
      }
    }

    @Override
    public void close() {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot delete " + file, e);
      }
    }
  }
}
