package dev.berth.edge;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A client that sends exactly the bytes it is told to, right or wrong. */
public final class RawClient implements Closeable {
  private final Socket socket;
  private final InputStream in;

  /** Connects to this machine. */
  public RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /**
   * An answer.
   *
   * @param headers names in any case
   */
  public record Answer(int status, Map<String, String> headers, String body) {}

  /** Sends text as Latin-1; lines end in CRLF where the text says so. */
  public RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Sends bytes. */
  public RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Reads one answer, body included. */
  public Answer read() throws IOException {
    return read(false);
  }

  /** Reads the answer to a HEAD. */
  public Answer readHeadOnly() throws IOException {
    return read(true);
  }

  private Answer read(boolean isHead) throws IOException {
    int status = Integer.parseInt(line().split(" ", 3)[1]);
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(line.substring(0, colon), line.substring(colon + 1).trim());
    }
    boolean hasNone = isHead || status / 100 == 1 || status == 204 || status == 304;
    return new Answer(status, headers, hasNone ? "" : body(headers));
  }

  private String body(Map<String, String> headers) throws IOException {
    if (headers.containsKey("content-length")) {
      int length = Integer.parseInt(headers.get("content-length"));
      byte[] body = in.readNBytes(length);
      if (body.length < length) {
        throw new EOFException("body ended after %d of %d".formatted(body.length, length));
      }
      return new String(body, StandardCharsets.UTF_8);
    }
    if (!"chunked".equals(headers.get("transfer-encoding"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    var body = new ByteArrayOutputStream();
    for (int size = chunkSize(); size > 0; size = chunkSize()) {
      body.write(in.readNBytes(size));
      line();
    }
    for (String trailer = line(); !trailer.isEmpty(); trailer = line()) {
      body.write(("[" + trailer + "]").getBytes(StandardCharsets.US_ASCII));
    }
    return body.toString(StandardCharsets.UTF_8);
  }

  private int chunkSize() throws IOException {
    return Integer.parseInt(line(), 16);
  }

  private String line() throws IOException {
    var line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("connection ended");
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  /**
   * Reads bytes, as Latin-1, until they end with {@code end}: what has come so far of an answer.
   */
  public String readUntil(String end) throws IOException {
    var read = new StringBuilder();
    while (read.indexOf(end) < 0) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("connection ended after: " + read);
      }
      read.append((char) b);
    }
    return read.toString();
  }

  /** Returns whether the server has ended the connection, after waiting for it or for bytes. */
  public boolean isEnded() throws IOException {
    try {
      return in.read() < 0;
    } catch (java.net.SocketException _) {
      return true;
    }
  }

  /** Leaves with a reset in place of an orderly end. */
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
