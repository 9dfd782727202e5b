package dev.berth.hosting.artifact;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Objects in memory, whose downloads can be counted, held up and broken off. */
final class MemoryObjects implements ObjectSource {
  final AtomicInteger opens = new AtomicInteger();
  final AtomicInteger heads = new AtomicInteger();

  /** Counted down when a download has begun. */
  final CountDownLatch begun = new CountDownLatch(1);

  /** What downloads wait for before their first byte. */
  volatile CountDownLatch gate = new CountDownLatch(0);

  /** After how many bytes downloads break off. */
  volatile int breakAfterBytes = Integer.MAX_VALUE;

  /** Whether a download that breaks off says so, or just ends. */
  volatile boolean breaksLoudly = true;

  private final TreeMap<String, byte[]> content = new TreeMap<>();
  private final TreeMap<String, Integer> versions = new TreeMap<>();

  synchronized MemoryObjects put(String uri, byte[] bytes) {
    content.put(uri, bytes);
    versions.merge(uri, 1, Integer::sum);
    return this;
  }

  @Override
  public boolean isAnyBelow(S3Uri prefix) throws IOException {
    return !list(prefix).isEmpty();
  }

  @Override
  public synchronized ObjectInfo head(S3Uri uri) throws IOException {
    heads.incrementAndGet();
    byte[] bytes = content.get(uri.toString());
    if (bytes == null) {
      throw new NoSuchObjectException("there is no object at " + uri);
    }
    return new ObjectInfo(uri, "v" + versions.get(uri.toString()), bytes.length);
  }

  @Override
  public synchronized List<ObjectInfo> list(S3Uri prefix) throws IOException {
    return content.keySet().stream()
        .filter(uri -> uri.startsWith(prefix.toString()))
        .map(S3Uri::parse)
        .map(uri ->
            new ObjectInfo(
                uri, "v" + versions.get(uri.toString()), content.get(uri.toString()).length))
        .toList();
  }

  @Override
  public InputStream open(ObjectInfo info) throws IOException {
    opens.incrementAndGet();
    InputStream bytes;
    synchronized (this) {
      if (!head(info.uri()).equals(info)) {
        throw new NoSuchObjectException(info.uri() + " was overwritten");
      }
      bytes = new ByteArrayInputStream(content.get(info.uri().toString()));
    }
    begun.countDown();
    return new FilterInputStream(bytes) {
      private int left = breakAfterBytes;

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        try {
          gate.await();
        } catch (InterruptedException e) {
          throw new IOException("interrupted");
        }
        if (left == 0) {
          if (breaksLoudly) {
            throw new IOException("Connection reset");
          }
          return -1;
        }
        int count = super.read(buffer, offset, Math.min(length, left));
        left -= Math.max(count, 0);
        return count;
      }
    };
  }
}
