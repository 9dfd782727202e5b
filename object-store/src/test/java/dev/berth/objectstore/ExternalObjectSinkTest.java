package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.berth.hosting.artifact.ObjectSink;
import dev.berth.hosting.artifact.S3Uri;
import dev.berth.objectstore.ExternalS3Config.Credentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExternalObjectSinkTest extends ObjectSinkContract {
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
    return source.sink(scratch.resolve("parts"));
  }

  @AfterEach
  void closeSources() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
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
