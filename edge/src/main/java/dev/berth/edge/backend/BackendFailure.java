package dev.berth.edge.backend;

import java.net.InetSocketAddress;
import java.time.Duration;

/** Why a call to a backend came to nothing. */
public sealed interface BackendFailure {
  /** Who failed. */
  InetSocketAddress origin();

  /** What happened, for people. */
  String message();

  /** Nobody listens there, or the network says no. */
  record Unreachable(InetSocketAddress origin, String cause) implements BackendFailure {
    @Override
    public String message() {
      return "could not connect to " + origin + ": " + cause;
    }
  }

  /** The connection was not accepted in time. */
  record ConnectTimeout(InetSocketAddress origin, Duration limit) implements BackendFailure {
    @Override
    public String message() {
      return origin + " did not accept a connection within " + limit.toMillis() + " ms";
    }
  }

  /** The whole request was sent and no answer began in time. */
  record FirstByteTimeout(InetSocketAddress origin, Duration limit) implements BackendFailure {
    @Override
    public String message() {
      return origin + " did not begin to answer within " + limit.toMillis() + " ms";
    }
  }

  /** Bytes stopped flowing half way. */
  record IdleTimeout(InetSocketAddress origin, Duration limit) implements BackendFailure {
    @Override
    public String message() {
      return origin + " stood still for " + limit.toMillis() + " ms";
    }
  }

  /** The connection ended before the answer did. */
  record Closed(InetSocketAddress origin, boolean hasAnswerBegun) implements BackendFailure {
    @Override
    public String message() {
      return origin
          + " closed the connection "
          + (hasAnswerBegun ? "in the middle of its answer" : "without an answer");
    }
  }

  /** What came back isn't HTTP/1.1, or is an upgrade nobody asked for. */
  record BadAnswer(InetSocketAddress origin, String cause) implements BackendFailure {
    @Override
    public String message() {
      return origin + " sent an answer that is not HTTP/1.1: " + cause;
    }
  }
}
