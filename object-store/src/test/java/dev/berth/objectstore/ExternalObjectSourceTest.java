package dev.berth.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.berth.hosting.artifact.ObjectSource;
import dev.berth.hosting.artifact.ObjectSource.ObjectAccessException;
import dev.berth.objectstore.ExternalS3Config.Credentials;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ExternalObjectSourceTest extends ObjectSourceContract {
  @Override
  ObjectSource source() throws Exception {
    return reading(S3Clients.endpoint(store));
  }

  @Test
  void a_refusal_is_told_in_s3s_words_with_the_buckets_region() throws Exception {
    HttpServer refusing =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    refusing.createContext(
        "/",
        call -> {
          call.getResponseHeaders().add("x-amz-bucket-region", "eu-north-1");
          call.sendResponseHeaders(403, -1);
          call.close();
        });
    refusing.start();
    try (var elsewhere =
        reading(URI.create("http://127.0.0.1:" + refusing.getAddress().getPort()))) {
      assertThatThrownBy(() -> elsewhere.head(uri("k")))
          .isInstanceOf(ObjectAccessException.class)
          .hasMessageContaining("s3://models/k")
          .hasMessageContaining("HTTP 403")
          .hasMessageContaining("region eu-north-1");
    } finally {
      refusing.stop(0);
    }
  }

  @Test
  void an_endpoint_that_does_not_answer_is_named() {
    store.close();
    assertThatThrownBy(() -> objects.head(uri("k")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("s3://models/k")
        .hasMessageContaining("http://127.0.0.1:");
  }

  @Test
  void secrets_are_not_printed() {
    assertThat(new Credentials("AKIA", "hush", "token")).hasToString("Credentials[AKIA]");
  }

  private static ExternalObjectSource reading(URI endpoint) {
    return new ExternalObjectSource(
        new ExternalS3Config(
            endpoint,
            "eu-west-1",
            true,
            new Credentials("any", "secret", null),
            Duration.ofSeconds(30)));
  }
}
