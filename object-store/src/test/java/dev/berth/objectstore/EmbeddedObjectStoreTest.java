package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

class EmbeddedObjectStoreTest {
  private static final String BUCKET = "data";
  private static final int PART_BYTES = 5 << 20;

  @TempDir Path folder;
  private EmbeddedObjectStore store;
  private S3Client s3;

  @BeforeEach
  void start() throws Exception {
    store = EmbeddedObjectStore.start(folder);
    s3 = S3Clients.of(store);
    s3.createBucket(b -> b.bucket(BUCKET));
  }

  @AfterEach
  void stop() {
    s3.close();
    store.close();
  }

  @Test
  void an_object_is_kept_with_type_and_metadata_over_a_restart() throws Exception {
    String etag =
        s3.putObject(
                b ->
                    b.bucket(BUCKET)
                        .key("a/b")
                        .contentType("text/csv")
                        .metadata(java.util.Map.of("owner", "me")),
                RequestBody.fromString("1,2"))
            .eTag();
    restart();
    var got = s3.getObjectAsBytes(b -> b.bucket(BUCKET).key("a/b"));
    assertThat(got.asUtf8String()).isEqualTo("1,2");
    assertThat(got.response().eTag()).isEqualTo(etag);
    assertThat(got.response().contentType()).isEqualTo("text/csv");
    assertThat(got.response().metadata()).containsEntry("owner", "me");
  }

  @Test
  void a_range_is_read() {
    put("k", "0123456789");
    assertThat(
            s3.getObjectAsBytes(b -> b.bucket(BUCKET).key("k").range("bytes=2-4")).asUtf8String())
        .isEqualTo("234");
  }

  @Test
  void a_multipart_upload_becomes_one_object() throws Exception {
    byte[] content = new byte[PART_BYTES + 100];
    new Random(1).nextBytes(content);
    String id = s3.createMultipartUpload(b -> b.bucket(BUCKET).key("big/one")).uploadId();
    List<CompletedPart> parts =
        List.of(part(id, 1, content, 0, PART_BYTES), part(id, 2, content, PART_BYTES, 100));
    assertThat(keys()).as("while it is under way").isEmpty();
    s3.completeMultipartUpload(b ->
        b.bucket(BUCKET)
            .key("big/one")
            .uploadId(id)
            .multipartUpload(upload -> upload.parts(parts)));
    assertThat(s3.getObjectAsBytes(b -> b.bucket(BUCKET).key("big/one")).asByteArray())
        .isEqualTo(content);
    assertThat(files("uploads")).isEmpty();
    assertThat(files("incoming")).isEmpty();
  }

  @Test
  void a_bucket_can_be_deleted_while_an_upload_is_open() throws Exception {
    String id = s3.createMultipartUpload(b -> b.bucket(BUCKET).key("k")).uploadId();
    var _ = part(id, 1, new byte[10], 0, 10);
    s3.deleteBucket(b -> b.bucket(BUCKET));
    assertThat(files("uploads")).isEmpty();
  }

  @Test
  void a_copy_has_the_content_of_its_source() {
    put("from", "x");
    s3.copyObject(b ->
        b.sourceBucket(BUCKET).sourceKey("from").destinationBucket(BUCKET).destinationKey("to"));
    assertThat(s3.getObjectAsBytes(b -> b.bucket(BUCKET).key("to")).asUtf8String()).isEqualTo("x");
  }

  @Test
  void a_delimited_list_tells_objects_from_folders() {
    put("top", "x");
    put("dir/below", "x");
    var listed = s3.listObjectsV2(b -> b.bucket(BUCKET).delimiter("/"));
    assertThat(listed.contents()).extracting(S3Object::key).containsExactly("top");
    assertThat(listed.commonPrefixes()).extracting(p -> p.prefix()).containsExactly("dir/");
  }

  @Test
  void a_write_that_breaks_off_leaves_the_old_object_and_no_other() throws Exception {
    put("k", "old");
    BlobStore blobs = new DurableBlobStore(ObjectFolder.open(folder));
    PutObjectRequest put =
        PutObjectRequest.builder().bucket(BUCKET).key("k").contentLength(100L).build();
    var broken =
        new ByteArrayInputStream(new byte[100]) {
          @Override
          public synchronized int read(byte[] buffer, int offset, int length) {
            assertThat(keys()).as("while it is written").containsExactly("k");
            int count = super.read(buffer, offset, Math.min(length, 50));
            if (pos == 100) {
              throw new IllegalStateException("cable pulled");
            }
            return count;
          }
        };
    assertThatThrownBy(() -> blobs.putBlob(put, broken)).hasMessageContaining("cable pulled");
    assertThat(keys()).containsExactly("k");
    assertThat(s3.getObjectAsBytes(b -> b.bucket(BUCKET).key("k")).asUtf8String()).isEqualTo("old");
    assertThat(files("incoming")).isEmpty();
  }

  @Test
  void what_a_crash_left_half_written_is_gone_after_a_restart() throws Exception {
    Files.writeString(folder.resolve("incoming/half"), "half");
    restart();
    assertThat(files("incoming")).isEmpty();
  }

  @Test
  void only_one_of_two_conditional_writes_succeeds() {
    s3.putObject(b -> b.bucket(BUCKET).key("k").ifNoneMatch("*"), RequestBody.fromString("1"));
    assertThatThrownBy(() ->
            s3.putObject(
                b -> b.bucket(BUCKET).key("k").ifNoneMatch("*"), RequestBody.fromString("2")))
        .isInstanceOfSatisfying(S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(412));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/data/..%2f..%2fevil",
        "/data/a/..%2f..%2f..%2fevil",
        "/..%2fincoming/evil",
        "/%2e%2e/incoming/evil",
        "/incoming/evil",
        "/./evil",
        "/buckets%2fdata/evil"
      })
  void a_path_cannot_leave_the_folder_of_buckets(String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI uri = URI.create(S3Clients.endpoint(store) + path);
      var put = HttpRequest.newBuilder(uri).PUT(BodyPublishers.ofString("evil")).build();
      assertThat(http.send(put, BodyHandlers.discarding()).statusCode()).isBetween(400, 499);
    }
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void a_key_that_is_also_a_folder_is_refused_with_the_reason() {
    put("a/b", "x");
    assertThatThrownBy(() -> put("a", "x")).hasMessageContaining("'a' clashes");
    assertThatThrownBy(() -> put("a/b/c", "x")).hasMessageContaining("'a/b/c' clashes");
  }

  @Test
  void a_segment_too_long_for_a_file_name_is_refused_with_the_reason() {
    assertThatThrownBy(() -> put("x".repeat(256), "x")).hasMessageContaining("too long");
  }

  @Test
  void a_body_that_the_front_would_lose_is_refused() throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      var put =
          HttpRequest.newBuilder(URI.create(S3Clients.endpoint(store) + "/data/form"))
              .header("Content-Type", "application/x-www-form-urlencoded")
              .PUT(BodyPublishers.ofString("a=b"))
              .build();
      assertThat(http.send(put, BodyHandlers.ofString()).body()).contains("IncompleteBody");
    }
    assertThat(keys()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Upper", "under_score", "ab", "a..b", "-dash"})
  void a_bucket_name_that_aws_refuses_is_refused(String name) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI uri = URI.create(S3Clients.endpoint(store) + "/" + name);
      var put = HttpRequest.newBuilder(uri).PUT(BodyPublishers.noBody()).build();
      assertThat(http.send(put, BodyHandlers.ofString()).body()).contains("InvalidBucketName");
    }
  }

  @Test
  void a_folder_that_cannot_be_used_fails_the_start_by_name() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> EmbeddedObjectStore.start(file)).hasMessageContaining(file.toString());
  }

  private void restart() throws Exception {
    stop();
    store = EmbeddedObjectStore.start(folder);
    s3 = S3Clients.of(store);
  }

  private void put(String key, String content) {
    s3.putObject(b -> b.bucket(BUCKET).key(key), RequestBody.fromString(content));
  }

  private CompletedPart part(String id, int number, byte[] content, int offset, int length) {
    String etag =
        s3.uploadPart(
                b -> b.bucket(BUCKET).key(keyOf(id)).uploadId(id).partNumber(number),
                RequestBody.fromInputStream(
                    new ByteArrayInputStream(content, offset, length), length))
            .eTag();
    return CompletedPart.builder().partNumber(number).eTag(etag).build();
  }

  private String keyOf(String uploadId) {
    return s3.listMultipartUploads(b -> b.bucket(BUCKET)).uploads().stream()
        .filter(upload -> upload.uploadId().equals(uploadId))
        .findAny()
        .orElseThrow()
        .key();
  }

  private List<String> keys() {
    return s3.listObjectsV2(b -> b.bucket(BUCKET)).contents().stream().map(S3Object::key).toList();
  }

  private List<Path> files(String tree) throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve(tree))) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
