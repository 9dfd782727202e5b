package dev.berth.edge.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.junit.jupiter.api.Test;

class HeaderFilterTest {

  @Test
  void headers_of_the_connection_stay_on_it() {
    var from =
        new DefaultHttpHeaders()
            .add("Connection", "close, X-Private")
            .add("Keep-Alive", "5")
            .add("Proxy-Authorization", "x")
            .add("TE", "trailers")
            .add("Upgrade", "h2c")
            .add("X-Private", "1")
            .add("Host", "s3.local")
            .add("X-Twice", "a")
            .add("X-Twice", "b");
    assertThat(HeaderFilter.request(from).entries())
        .extracting(entry -> entry.getKey() + "=" + entry.getValue())
        .containsExactlyInAnyOrder("Host=s3.local", "X-Twice=a", "X-Twice=b");
  }

  @Test
  void connection_can_not_name_away_what_frames_the_body() {
    var from =
        new DefaultHttpHeaders().add("Connection", "Content-Length").add("Content-Length", "3");
    assertThat(HeaderFilter.request(from).get("Content-Length")).isEqualTo("3");
  }

  @Test
  void chunked_stays_and_the_answered_expectation_goes() {
    var from =
        new DefaultHttpHeaders().add("Transfer-Encoding", "chunked").add("Expect", "100-continue");
    assertThat(HeaderFilter.request(from).names()).containsExactly("Transfer-Encoding");
  }
}
