package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.ObjectSource.NoSuchObjectException;
import dev.berth.hosting.artifact.S3Uri;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/** What every {@link ObjectSink} keeps; objects are looked at through the public S3 API. */
abstract class ObjectSinkContract {
  private static final String BUCKET = "outputs";

  @TempDir Path folder;
  @TempDir Path scratch;
  EmbeddedObjectStore store;
  S3Client s3;
  private ObjectSink sink;

  abstract ObjectSink sink() throws Exception;

  @BeforeEach
  void start() throws Exception {
    store = EmbeddedObjectStore.start(folder);
    s3 = S3Clients.of(store);
    s3.createBucket(b -> b.bucket(BUCKET));
    sink = sink();
  }

  @AfterEach
  void stop() {
    s3.close();
    store.close();
  }

  @Test
  void a_committed_object_has_all_that_was_written() throws Exception {
    try (var upload = sink.begin(uri("a/b"), Optional.empty())) {
      upload.stream().write("hel".getBytes(StandardCharsets.UTF_8));
      upload.stream().write('l');
      upload.stream().write("o".getBytes(StandardCharsets.UTF_8));
      upload.commit();
    }
    assertThat(read("a/b")).isEqualTo("hello".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void an_empty_object_is_an_object() throws Exception {
    try (var upload = sink.begin(uri("empty"), Optional.empty())) {
      upload.commit();
    }
    assertThat(read("empty")).isEmpty();
  }

  @Test
  void an_object_of_many_parts_comes_out_byte_for_byte() throws Exception {
    byte[] content = new byte[(20 << 20) + 17];
    new Random(1).nextBytes(content);
    try (var upload = sink.begin(uri("large"), Optional.empty())) {
      for (int at = 0; at < content.length; at += 100_000) {
        upload.stream().write(content, at, Math.min(100_000, content.length - at));
      }
      upload.commit();
    }
    assertThat(read("large")).isEqualTo(content);
  }

  @Test
  void nothing_is_seen_of_an_object_before_it_is_committed() throws Exception {
    try (var upload = sink.begin(uri("k"), Optional.empty())) {
      upload.stream().write(new byte[9 << 20]);
      assertThat(keys()).isEmpty();
      upload.commit();
    }
    assertThat(keys()).containsExactly("k");
  }

  @Test
  void an_object_that_is_given_up_leaves_what_was_there_before() throws Exception {
    try (var upload = sink.begin(uri("k"), Optional.empty())) {
      upload.stream().write('1');
      upload.commit();
    }
    try (var upload = sink.begin(uri("k"), Optional.empty())) {
      upload.stream().write(new byte[9 << 20]);
    }
    assertThat(read("k")).isEqualTo(new byte[] {'1'});
    assertThat(s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads()).isEmpty();
  }

  @Test
  void a_missing_bucket_is_named() {
    assertThatThrownBy(
            () -> {
              try (var upload = sink.begin(new S3Uri("nobucket", "k"), Optional.empty())) {
                for (int i = 0; i < 100; i++) {
                  upload.stream().write(new byte[1 << 20]);
                }
                upload.commit();
              }
            })
        .isInstanceOf(NoSuchObjectException.class)
        .hasMessageContaining("nobucket");
  }

  byte[] read(String key) throws IOException {
    return s3.getObjectAsBytes(b -> b.bucket(BUCKET).key(key)).asByteArray();
  }

  private java.util.List<String> keys() {
    return s3.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream().map(o -> o.key()).toList();
  }

  private static S3Uri uri(String key) {
    return new S3Uri(BUCKET, key);
  }
}
