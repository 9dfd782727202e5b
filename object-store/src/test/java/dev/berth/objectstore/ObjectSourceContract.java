package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.ObjectSource.ObjectInfo;
import dev.berth.hosting.artifact.S3Uri;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** What every {@link ObjectSource} keeps; objects are put through the public S3 API. */
abstract class ObjectSourceContract {
  static final String BUCKET = "models";
  private static final String HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592";

  @TempDir Path folder;
  EmbeddedObjectStore store;
  S3Client s3;
  ObjectSource objects;

  /** Returns the source under test, over the objects of {@link #store}. */
  abstract ObjectSource source() throws Exception;

  @BeforeEach
  void start() throws Exception {
    store = EmbeddedObjectStore.start(folder);
    s3 = S3Clients.of(store);
    s3.createBucket(b -> b.bucket(BUCKET));
    objects = source();
  }

  @AfterEach
  void stop() {
    s3.close();
    store.close();
  }

  @Test
  void head_tells_etag_and_size() throws Exception {
    put("a/hello", "hello");
    assertThat(objects.head(uri("a/hello")))
        .isEqualTo(new ObjectInfo(uri("a/hello"), HELLO_MD5, 5));
  }

  @Test
  void open_gives_the_content() throws Exception {
    put("hello", "hello");
    assertThat(read(objects.head(uri("hello")))).isEqualTo("hello");
  }

  @Test
  void keys_may_have_characters_that_urls_escape() throws Exception {
    put("models v1/é+&?%25.bin", "x");
    ObjectInfo info = objects.head(uri("models v1/é+&?%25.bin"));
    assertThat(read(info)).isEqualTo("x");
    assertThat(objects.list(uri("models v1/"))).containsExactly(info);
  }

  @Test
  void a_missing_key_is_named() {
    assertThatThrownBy(() -> objects.head(uri("nowhere")))
        .isInstanceOf(NoSuchObjectException.class)
        .hasMessageContaining("s3://models/nowhere");
  }

  @Test
  void a_missing_bucket_is_named() {
    assertThatThrownBy(() -> objects.head(new S3Uri("nobucket", "k")))
        .isInstanceOf(NoSuchObjectException.class)
        .hasMessageContaining("nobucket");
    assertThatThrownBy(() -> objects.list(new S3Uri("nobucket", "")))
        .isInstanceOf(NoSuchObjectException.class)
        .hasMessageContaining("nobucket");
  }

  @Test
  void content_that_was_overwritten_since_is_not_opened() throws Exception {
    put("k", "old");
    ObjectInfo old = objects.head(uri("k"));
    put("k", "new");
    assertThatThrownBy(() -> objects.open(old))
        .isInstanceOf(NoSuchObjectException.class)
        .hasMessageContaining("s3://models/k")
        .hasMessageContaining("overwritten");
  }

  @Test
  void content_that_was_deleted_since_is_not_opened() throws Exception {
    put("k", "old");
    ObjectInfo old = objects.head(uri("k"));
    s3.deleteObject(b -> b.bucket(BUCKET).key("k"));
    assertThatThrownBy(() -> objects.open(old)).isInstanceOf(NoSuchObjectException.class);
  }

  @Test
  void an_open_stream_keeps_its_content_when_the_object_is_overwritten() throws Exception {
    put("k", "old");
    try (InputStream in = objects.open(objects.head(uri("k")))) {
      put("k", "new");
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("old");
    }
  }

  @Test
  void a_stream_may_be_closed_early() throws Exception {
    put("k", "x".repeat(1 << 20));
    try (InputStream in = objects.open(objects.head(uri("k")))) {
      assertThat(in.read()).isEqualTo('x');
    }
    assertThat(read(objects.head(uri("k")))).hasSize(1 << 20);
  }

  @Test
  void list_gives_all_keys_that_start_so_in_order() throws Exception {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 1100; i++) { // more than one page of S3
      keys.add("many/%04d".formatted(i));
    }
    put("many-more", "");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      keys.forEach(key -> threads.execute(() -> put(key, "")));
    }
    assertThat(objects.list(uri("many/"))).extracting(info -> info.uri().key()).isEqualTo(keys);
    assertThat(objects.list(uri("many"))).hasSize(1101);
    assertThat(objects.list(uri("none/"))).isEmpty();
  }

  private void put(String key, String content) {
    s3.putObject(b -> b.bucket(BUCKET).key(key), RequestBody.fromString(content));
  }

  private String read(ObjectInfo info) throws Exception {
    try (InputStream in = objects.open(info)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  static S3Uri uri(String key) {
    return new S3Uri(BUCKET, key);
  }
}
