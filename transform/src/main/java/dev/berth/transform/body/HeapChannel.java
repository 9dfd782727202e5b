package dev.berth.transform.body;

import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Reads a buffer, without the array in between that {@code Channels.newChannel} has. */
final class HeapChannel implements ReadableByteChannel {
  private final ByteBuffer bytes;

  HeapChannel(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  @Override
  public int read(ByteBuffer target) {
    if (!bytes.hasRemaining()) {
      return -1;
    }
    int count = Math.min(bytes.remaining(), target.remaining());
    target.put(target.position(), bytes, bytes.position(), count);
    target.position(target.position() + count);
    bytes.position(bytes.position() + count);
    return count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
