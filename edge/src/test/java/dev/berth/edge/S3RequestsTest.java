package dev.berth.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class S3RequestsTest {

  @ParameterizedTest
  @CsvSource({
    "models.localhost:23784, /models/a/b?x=1",
    "my.dotted.bucket.localhost, /my.dotted.bucket/a/b?x=1",
    "localhost:23784, /a/b?x=1",
    "127.0.0.1:23784, /a/b?x=1",
    "[::1]:23784, /a/b?x=1"
  })
  void a_bucket_in_the_host_goes_into_the_path(String host, String uri) {
    HttpRequest request = put(host, "text/csv");
    S3Requests.normalise(request);
    assertThat(request.uri()).isEqualTo(uri);
  }

  @Test
  void a_put_is_never_taken_for_a_form() {
    HttpRequest request = put("127.0.0.1", "application/x-www-form-urlencoded");
    S3Requests.normalise(request);
    assertThat(request.headers().get("content-type")).isEqualTo("binary/octet-stream");
  }

  @Test
  void any_other_type_stays_as_it_is() {
    HttpRequest request = put("127.0.0.1", "text/csv");
    S3Requests.normalise(request);
    assertThat(request.headers().get("content-type")).isEqualTo("text/csv");
  }

  private static HttpRequest put(String host, String type) {
    HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.PUT, "/a/b?x=1");
    request.headers().set("host", host).set("content-type", type);
    return request;
  }
}
