package dev.berth.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PingTest {
  @Test
  void status_200_is_healthy_whatever_the_body() throws Exception {
    assertThat(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
        .isEqualTo(new Ping.Healthy());
  }

  @Test
  void another_status_is_unhealthy_and_named() throws Exception {
    assertThat(answered("HTTP/1.0 503 Busy\r\n\r\n"))
        .isEqualTo(new Ping.Unhealthy("HTTP status 503"));
  }

  @Test
  void what_is_not_http_is_unhealthy() throws Exception {
    assertThat(answered("SSH-2.0-OpenSSH_9.2\r\n"))
        .isEqualTo(new Ping.Unhealthy("an answer that is not HTTP"));
  }

  @Test
  void a_connection_that_closes_is_unhealthy() throws Exception {
    assertThat(answered("")).isEqualTo(new Ping.Unhealthy("connection closed without an answer"));
  }

  @Test
  void silence_is_unhealthy_when_the_attempt_is_over() throws Exception {
    try (var server = listening()) {
      assertThat(Ping.ask(address(server), Duration.ofMillis(100)))
          .isEqualTo(new Ping.Unhealthy("no answer within 100 ms"));
    }
  }

  @Test
  void a_closed_port_is_unhealthy() throws Exception {
    InetSocketAddress closed;
    try (var server = listening()) {
      closed = address(server);
    }
    assertThat(Ping.ask(closed, Duration.ofSeconds(5)))
        .isEqualTo(new Ping.Unhealthy("connection refused"));
  }

  private static Ping answered(String answer) throws IOException, InterruptedException {
    try (var server = listening()) {
      Thread thread = Thread.ofVirtual().start(() -> answer(server, answer));
      Ping ping = Ping.ask(address(server), Duration.ofSeconds(5));
      thread.join();
      return ping;
    }
  }

  private static void answer(ServerSocket server, String answer) {
    try (Socket connection = server.accept()) {
      byte[] request = new byte[1024];
      int length = 0;
      while (length == 0
          || !new String(request, 0, length, StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
        length += connection.getInputStream().read(request, length, request.length - length);
      }
      connection.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ServerSocket listening() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static InetSocketAddress address(ServerSocket server) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort());
  }
}
