package dev.berth.transform.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.ObjectSource.ObjectAccessException;
import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.transform.failure.TransformFailure;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Finds a job's objects. {@code S3Prefix} is every key that begins so, whether or not a slash
 * follows; keys that end in a slash and have no bytes stand for folders and are passed over. {@code
 * ManifestFile} is a JSON array of a prefix and of names, each the prefix's continuation.
 *
 * @param source where they are
 * @param output {@code S3OutputPath}: an object's output has its name below the input's last slash,
 *     and {@code .out}
 */
public record Inputs(ObjectSource source, S3Uri output) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_MANIFEST_BYTES = 256 << 20;
  private static final int LOOKUPS = 16;

  /**
   * Returns the objects under a prefix, in key order.
   *
   * @throws TransformFailure when S3 refuses, or there are none
   */
  public List<InputObject> ofPrefix(S3Uri prefix, String region, String role)
      throws IOException, TransformFailure {
    List<ObjectInfo> found;
    try {
      found = source.list(prefix);
    } catch (NoSuchObjectException e) {
      throw none(prefix, region, role, " (" + e.getMessage() + ")");
    } catch (ObjectAccessException e) {
      throw TransformFailure.client(String.valueOf(e.getMessage()));
    }
    String base = prefix.key().substring(0, prefix.key().lastIndexOf('/') + 1);
    var objects = new ArrayList<InputObject>();
    for (ObjectInfo one : found) {
      String key = one.uri().key();
      if (!(key.endsWith("/") && one.sizeBytes() == 0)) {
        objects.add(object(objects.size(), one, key.substring(base.length())));
      }
    }
    if (objects.isEmpty()) {
      throw none(prefix, region, role, "");
    }
    return objects;
  }

  private static TransformFailure none(S3Uri prefix, String region, String role, String why) {
    return TransformFailure.client(
        "No S3 objects found under S3 URL \"%s\" given in input data source. Please ensure that the bucket exists in the selected region (%s), that objects exist under that S3 prefix, and that the role \"%s\" has \"s3:ListBucket\" permissions on bucket \"%s\".%s"
            .formatted(prefix, region, role, prefix.bucket(), why));
  }

  /**
   * Returns the objects that a manifest names, in its order, each once. One that isn't there fails
   * when its turn comes.
   *
   * @throws TransformFailure when the manifest isn't there, or isn't one
   */
  public List<InputObject> ofManifest(S3Uri manifest)
      throws IOException, TransformFailure, InterruptedException {
    JsonNode entries = read(manifest);
    String prefix = entries.path(0).path("prefix").asText("");
    if (!entries.isArray() || prefix.isEmpty()) {
      throw broken(manifest, "it must be an array whose first element is {\"prefix\": \"s3://…\"}");
    }
    S3Uri place;
    try {
      place = S3Uri.parse(prefix);
    } catch (IllegalArgumentException e) {
      throw broken(manifest, "its prefix is " + e.getMessage());
    }
    var names = new ArrayList<String>();
    Set<String> seen = new HashSet<>();
    for (int i = 1; i < entries.size(); i++) {
      if (!entries.get(i).isTextual()) {
        throw broken(manifest, "element %d is %s, not a name".formatted(i, entries.get(i)));
      }
      if (seen.add(entries.get(i).asText())) {
        names.add(entries.get(i).asText());
      }
    }
    if (names.isEmpty()) {
      throw broken(manifest, "it names no objects");
    }
    return lookUp(place, names);
  }

  private JsonNode read(S3Uri manifest) throws IOException, TransformFailure {
    try {
      ObjectInfo info = source.head(manifest);
      if (info.sizeBytes() > MOST_MANIFEST_BYTES) {
        throw broken(manifest, "it is longer than %d bytes".formatted(MOST_MANIFEST_BYTES));
      }
      try (InputStream in = source.open(info)) {
        return JSON.readTree(in);
      }
    } catch (NoSuchObjectException | ObjectAccessException e) {
      throw broken(manifest, String.valueOf(e.getMessage()));
    } catch (JsonProcessingException e) {
      throw broken(manifest, e.getOriginalMessage());
    }
  }

  private static TransformFailure broken(S3Uri manifest, String why) {
    return TransformFailure.client("The manifest %s can't be used: %s".formatted(manifest, why));
  }

  private List<InputObject> lookUp(S3Uri place, List<String> names)
      throws IOException, InterruptedException {
    var permits = new Semaphore(LOOKUPS);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var lookups = new ArrayList<Future<ObjectInfo>>();
      for (String name : names) {
        permits.acquire();
        lookups.add(
            threads.submit(
                (Callable<ObjectInfo>)
                    () -> {
                      try {
                        return info(new S3Uri(place.bucket(), place.key() + name));
                      } finally {
                        permits.release();
                      }
                    }));
      }
      var objects = new ArrayList<InputObject>();
      for (int i = 0; i < names.size(); i++) {
        objects.add(object(i, lookups.get(i).get(), names.get(i)));
      }
      return objects;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure
          ? failure
          : new IOException(String.valueOf(e.getCause()), e);
    }
  }

  private ObjectInfo info(S3Uri uri) throws IOException {
    try {
      return source.head(uri);
    } catch (NoSuchObjectException | ObjectAccessException _) {
      return new ObjectInfo(uri, "", 0);
    }
  }

  private InputObject object(int index, ObjectInfo info, String relative) {
    String path = output.key();
    String folder = path.isEmpty() || path.endsWith("/") ? path : path + "/";
    String name = relative.startsWith("/") ? relative.substring(1) : relative;
    return new InputObject(
        index,
        info.uri().bucket(),
        info.uri().key(),
        info.etag(),
        info.sizeBytes(),
        name,
        new S3Uri(output.bucket(), folder + name + ".out").toString());
  }
}
