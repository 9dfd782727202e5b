package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.objectstore.ExternalS3Config.Credentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExternalObjectSinkTest extends ObjectSinkContract {
  private static final int UPLOAD = 9 << 20;

  private final List<AutoCloseable> opened = new ArrayList<>();

  @Override
  ObjectSink sink() throws Exception {
    return sink(S3Clients.endpoint(store));
  }

  private ObjectSink sink(URI endpoint) {
    var source =
        new ExternalObjectSource(
            new ExternalS3Config(
                endpoint,
                "eu-west-1",
                true,
                new Credentials("any", "secret", null),
                Duration.ofSeconds(30)));
    opened.add(source);
    return source.sink(scratch.resolve("sink"));
  }

  @AfterEach
  void closeSources() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
  }

  @Test
  void an_upload_that_a_killed_process_left_is_aborted_by_the_next_one() throws Exception {
    left(UPLOAD, "a b/é\nkey");
    assertThat(uploads()).hasSize(1);
    var others = s3.createMultipartUpload(b -> b.bucket("outputs").key("another's"));
    assertThat(others.uploadId()).isNotEmpty();

    sink();

    await().untilAsserted(() -> assertThat(uploads()).containsExactly("another's"));
  }

  @Test
  void an_upload_whose_id_was_not_kept_yet_is_aborted_too() throws Exception {
    left(UPLOAD, "k");
    left(UPLOAD, "key-of-another");
    try (var files = Files.list(scratch.resolve("sink/uploads"))) {
      for (Path file : files.toList()) {
        String kept = Files.readString(file);
        if (kept.contains("key=k\n")) {
          Files.writeString(file, kept.replaceAll("id=.*", "id="));
        } else {
          Files.delete(file);
        }
      }
    }

    sink();

    await().untilAsserted(() -> assertThat(uploads()).containsExactly("key-of-another"));
  }

  @Test
  void an_upload_that_was_committed_or_given_up_is_not_kept() throws Exception {
    for (boolean isCommitted : new boolean[] {true, false}) {
      try (var upload = sink().begin(new S3Uri("outputs", "k"), Optional.empty())) {
        upload.stream().write(new byte[UPLOAD]);
        assertThat(scratch.resolve("sink/uploads")).isNotEmptyDirectory();
        if (isCommitted) {
          upload.commit();
        }
      }
      assertThat(scratch.resolve("sink/uploads")).isEmptyDirectory();
    }
  }

  /** Begins an upload that nobody ends, as a killed process does. */
  private void left(int bytes, String key) throws Exception {
    sink().begin(new S3Uri("outputs", key), Optional.empty()).stream().write(new byte[bytes]);
  }

  private List<String> uploads() {
    return s3.listMultipartUploads(b -> b.bucket("outputs")).uploads().stream()
        .map(upload -> upload.key())
        .toList();
  }

  @Test
  void a_kms_key_goes_to_s3_with_the_object() throws Exception {
    var seen = new ConcurrentLinkedQueue<String>();
    HttpServer s3 =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    s3.createContext(
        "/",
        call -> {
          call.getRequestBody().readAllBytes();
          seen.add(
              call.getRequestHeaders().getFirst("x-amz-server-side-encryption")
                  + " "
                  + call.getRequestHeaders()
                      .getFirst("x-amz-server-side-encryption-aws-kms-key-id"));
          call.getResponseHeaders().add("ETag", "\"x\"");
          call.sendResponseHeaders(200, -1);
          call.close();
        });
    s3.start();
    try (var upload =
        sink(URI.create("http://127.0.0.1:" + s3.getAddress().getPort()))
            .begin(new S3Uri("b", "k"), Optional.of("my-key"))) {
      upload.stream().write('x');
      upload.commit();
    } finally {
      s3.stop(0);
    }
    assertThat(seen).containsExactly("aws:kms my-key");
  }
}
