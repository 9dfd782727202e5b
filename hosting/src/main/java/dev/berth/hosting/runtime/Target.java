package dev.berth.hosting.runtime;

import java.net.InetSocketAddress;

/** Where one container of an instance takes invocations. */
public sealed interface Target {

  /** A model in this JVM, invoked without HTTP. */
  record InProcess(InProcessModel model) implements Target {}

  /** A container's HTTP server: {@code POST /invocations}. */
  record Http(InetSocketAddress address) implements Target {}
}
