package dev.berth.runtime.docker;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * One {@code GET /ping}. Written on the socket itself, so that the whole attempt has one deadline
 * and the connection closes with it: a server that handles one connection at a time is free again.
 */
sealed interface Ping {

  /** Answered 200. */
  record Healthy() implements Ping {}

  /**
   * Anything else.
   *
   * @param what what happened, for people
   */
  record Unhealthy(String what) implements Ping {}

  /** Nobody listens there. */
  Unhealthy REFUSED = new Unhealthy("connection refused");

  /** Longer than any status line. */
  int MAX_LINE_BYTES = 512;

  /**
   * Asks once.
   *
   * @param limit from connecting to the end of the status line
   * @throws InterruptedException when the thread is interrupted, which ends the attempt
   */
  static Ping ask(InetSocketAddress address, Duration limit) throws InterruptedException {
    return ask(address, "/ping", limit);
  }

  /** Asks for another path than {@code /ping} once. */
  static Ping ask(InetSocketAddress address, String path, Duration limit)
      throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    try (var socket = new Socket()) {
      socket.connect(address, left(end));
      String request =
          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\nAccept: */*\r\n\r\n"
              .formatted(path, address.getHostString(), address.getPort());
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return judge(statusLine(socket, end));
    } catch (SocketTimeoutException _) {
      return new Unhealthy("no answer within " + Words.of(limit));
    } catch (ConnectException _) {
      return REFUSED;
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException("ping of " + address);
      }
      return new Unhealthy("connection broke off (%s)".formatted(e.getMessage()));
    }
  }

  private static String statusLine(Socket socket, long end) throws IOException {
    InputStream in = socket.getInputStream();
    var line = new StringBuilder();
    while (line.length() < MAX_LINE_BYTES) {
      socket.setSoTimeout(left(end));
      int next = in.read();
      if (next < 0 || next == '\n') {
        break;
      }
      line.append((char) next);
    }
    return line.toString().strip();
  }

  private static Ping judge(String line) {
    if (line.isEmpty()) {
      return new Unhealthy("connection closed without an answer");
    }
    String[] words = line.split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/1.")) {
      return new Unhealthy("an answer that is not HTTP");
    }
    return words[1].equals("200") ? new Healthy() : new Unhealthy("HTTP status " + words[1]);
  }

  private static int left(long end) throws SocketTimeoutException {
    long millis = (end - System.nanoTime()) / 1_000_000;
    if (millis <= 0) {
      throw new SocketTimeoutException();
    }
    return (int) Math.min(millis, Integer.MAX_VALUE);
  }
}
