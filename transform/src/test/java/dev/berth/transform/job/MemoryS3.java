package dev.berth.transform.job;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.S3Uri;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** Objects in memory, behind both seams. */
final class MemoryS3 implements ObjectSource, ObjectSink {
  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();

  void put(String uri, byte[] content) {
    objects.put(uri, content);
  }

  byte[] get(String uri) {
    return objects.get(uri);
  }

  List<String> uris(String prefix) {
    return objects.keySet().stream().filter(uri -> uri.startsWith(prefix)).toList();
  }

  @Override
  public ObjectInfo head(S3Uri uri) throws IOException {
    byte[] content = objects.get(uri.toString());
    if (content == null) {
      throw new NoSuchObjectException("there is no object at " + uri);
    }
    return new ObjectInfo(uri, Integer.toHexString(Arrays.hashCode(content)), content.length);
  }

  @Override
  public InputStream open(ObjectInfo info) throws IOException {
    if (!head(info.uri()).equals(info)) {
      throw new NoSuchObjectException(info.uri() + " was overwritten");
    }
    return new ByteArrayInputStream(objects.get(info.uri().toString()));
  }

  @Override
  public List<ObjectInfo> list(S3Uri prefix) throws IOException {
    var found = new java.util.ArrayList<ObjectInfo>();
    for (String uri : uris(prefix.toString())) {
      found.add(head(S3Uri.parse(uri)));
    }
    return found;
  }

  @Override
  public boolean isAnyBelow(S3Uri prefix) throws IOException {
    return !list(prefix).isEmpty();
  }

  @Override
  public boolean encrypts() {
    return false;
  }

  @Override
  public Upload begin(S3Uri uri, Optional<String> kmsKeyId) {
    var bytes = new ByteArrayOutputStream();
    return new Upload() {
      @Override
      public OutputStream stream() {
        return bytes;
      }

      @Override
      public void commit() {
        objects.put(uri.toString(), bytes.toByteArray());
      }

      @Override
      public void close() {}
    };
  }
}
